"""The session cookies of applications inside the proxy, wherever in them they come from (8)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import torii_backend.asgi
import torii_backend.wsgi
from tests.adapters.messages import Request
from tests.adapters.transport import call_asgi, call_wsgi

from .apps import bare_wsgi
from .upstream import Upstream

COOKIES = Request("/_torii/client", (("Cookie", "a=1; session=hunter2; of_mounted=hunter2; b=2"),))


class Sessions:
    """Stands for Starlette's SessionMiddleware, which has these parameters and needs a package more."""

    def __init__(self, app: Any, _secret_key: str, session_cookie: str = "session") -> None:
        self.app = app
        self.session_cookie = session_cookie

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


def _starlette() -> Any:
    mounted = Starlette(middleware=[Middleware(Sessions, "secret", session_cookie="of_mounted")])
    return Starlette(
        routes=[Mount("/mounted", mounted)], middleware=[Middleware(Sessions, "secret")]
    )


def test_cookies_of_starlette_are_not_sent_if_the_proxy_is_around_it(upstream: Upstream) -> None:
    """Starlette makes its middleware with the first request, which may be one that the proxy takes."""
    proxy = torii_backend.asgi.ToriiProxy(_starlette(), upstream=upstream.url)
    assert asyncio.run(call_asgi(proxy, COOKIES)).status == 200
    assert upstream.only.values(b"cookie") == [b"a=1; b=2"]


def test_cookies_of_a_mounted_fastapi_are_not_sent(upstream: Upstream) -> None:
    mounted = FastAPI()
    mounted.add_middleware(Sessions, "secret", "of_mounted")
    app = FastAPI()
    app.mount("/mounted", mounted)
    app.add_middleware(Sessions, "secret")
    app.add_middleware(torii_backend.asgi.ToriiProxy, upstream=upstream.url)
    assert asyncio.run(call_asgi(app, COOKIES)).status == 200
    assert upstream.only.values(b"cookie") == [b"a=1; b=2"]


@pytest.mark.parametrize("is_around", [True, False])
def test_cookies_of_a_mounted_flask_are_not_sent(upstream: Upstream, *, is_around: bool) -> None:
    app, mounted = Flask(__name__), Flask(__name__)
    mounted.config["SESSION_COOKIE_NAME"] = "of_mounted"
    inside = app if is_around else bare_wsgi
    proxy = torii_backend.wsgi.ToriiProxy(
        DispatcherMiddleware(inside, {"/mounted": mounted}), upstream=upstream.url
    )
    assert call_wsgi(proxy, COOKIES).status == 200
    left = [b"a=1; b=2"] if is_around else [b"a=1; session=hunter2; b=2"]
    assert upstream.only.values(b"cookie") == left
