"""What audits and guards see of a proxy: nothing of its own, and what is inside."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import Depends, FastAPI
from flask import Flask
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

import torii_backend.asgi
import torii_backend.wsgi
from torii_backend import ConfigurationError
from torii_backend.fastapi import require_auth
from torii_backend.testing import assert_guarded
from torii_backend.testing.routes import routes_of

ISSUER = "https://acme.torii.so"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TORII_SECRET_KEY", raising=False)


def _flask() -> Flask:
    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/me", view_func=lambda: "me", endpoint="me")
    return app


def _fastapi() -> FastAPI:
    app = FastAPI(openapi_url=None)
    guard = require_auth(issuer=ISSUER)
    app.get("/me", dependencies=[Depends(guard)])(lambda: "me")
    app.get("/health")(lambda: "ok")
    return app


def _states(app: Any) -> dict[str, str]:
    return {route.path: route.state for route in routes_of(app)}


def test_an_audit_of_flask_sees_through_a_proxy() -> None:
    app = _flask()
    guarded: Any = torii_backend.wsgi.AuthMiddleware(app.wsgi_app, issuer=ISSUER)
    app.wsgi_app = torii_backend.wsgi.ToriiProxy(guarded, issuer=ISSUER)  # type: ignore[method-assign]
    assert _states(app) == {"/me": "guarded"}
    assert_guarded(app)


def test_an_audit_of_fastapi_sees_through_a_proxy() -> None:
    expected = {"/me": "guarded", "/health": "open"}
    app = _fastapi()
    assert _states(torii_backend.asgi.ToriiProxy(app, issuer=ISSUER)) == expected
    # Nothing is made of it: an audit needs no issuer.
    app.add_middleware(torii_backend.asgi.ToriiProxy)
    assert _states(app) == expected


def test_an_audit_of_anything_else_sees_through_a_proxy() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None: ...

    guarded = torii_backend.asgi.AuthMiddleware(app, issuer=ISSUER)
    assert _states(torii_backend.asgi.ToriiProxy(guarded, issuer=ISSUER)) == {"/*": "guarded"}


def test_a_guard_around_flask_finds_the_proxy_inside() -> None:
    app = _flask()
    app.wsgi_app = torii_backend.wsgi.ToriiProxy(app.wsgi_app, issuer=ISSUER)  # type: ignore[method-assign]
    with pytest.raises(ConfigurationError, match=r"exempt must have '/_torii/\*'"):
        torii_backend.wsgi.AuthMiddleware(app, issuer=ISSUER)
    torii_backend.wsgi.AuthMiddleware(app, issuer=ISSUER, exempt={"/_torii/*": "Torii"})
    # Nobody can tell what a function says, and none is called.
    torii_backend.wsgi.AuthMiddleware(app, issuer=ISSUER, exempt=[lambda _: bool(1 / 0)])


def test_a_guard_around_starlette_finds_the_proxy_inside() -> None:
    proxied = [Middleware(CORSMiddleware), Middleware(torii_backend.asgi.ToriiProxy, issuer=ISSUER)]
    app = Starlette(middleware=proxied)
    with pytest.raises(ConfigurationError, match=r"exempt must have '/_torii/\*'"):
        torii_backend.asgi.AuthMiddleware(app, issuer=ISSUER)
    torii_backend.asgi.AuthMiddleware(app, issuer=ISSUER, exempt=["/_torii/*"])


def test_a_guard_that_is_added_after_the_proxy_finds_it() -> None:
    app = Starlette()
    app.add_middleware(torii_backend.asgi.ToriiProxy, issuer=ISSUER)
    app.add_middleware(CORSMiddleware)
    app.add_middleware(torii_backend.asgi.AuthMiddleware, issuer=ISSUER)
    with pytest.raises(ConfigurationError, match=r"exempt must have '/_torii/\*'"):
        app.build_middleware_stack()
