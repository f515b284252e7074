"""`assert_guarded`: a test of yours that no route is open by mistake."""

from __future__ import annotations

from typing import Any

import pytest

from torii_backend import ConfigurationError
from torii_backend.testing import assert_guarded
from torii_backend.testing.routes import framework_of, routes_of
from torii_backend.wsgi import AuthMiddleware

URL = "https://acme.torii.so"


def _flask() -> Any:
    flask = pytest.importorskip("flask")
    from torii_backend.flask import require_auth

    app = flask.Flask(__name__, static_folder=None)
    app.add_url_rule("/health", view_func=lambda: "ok", endpoint="health")
    app.add_url_rule("/me", view_func=require_auth(issuer=URL)(lambda: "me"), endpoint="me")
    feed = require_auth(issuer=URL, required=False)(lambda: "feed")
    app.add_url_rule("/feed", view_func=feed, endpoint="feed")
    return app


def _fastapi() -> Any:
    fastapi = pytest.importorskip("fastapi")
    from torii_backend.fastapi import optional_auth, require_auth

    app = fastapi.FastAPI(openapi_url=None)
    app.get("/health")(lambda: "ok")
    app.get("/me", dependencies=[fastapi.Depends(require_auth(issuer=URL))])(lambda: "me")
    app.get("/feed", dependencies=[fastapi.Depends(optional_auth(issuer=URL))])(lambda: "feed")
    return app


def _starlette() -> Any:
    applications = pytest.importorskip("starlette.applications")
    routing = pytest.importorskip("starlette.routing")
    from torii_backend.asgi import AuthMiddleware as AsgiMiddleware

    def routes(**paths: Any) -> list[Any]:
        return [
            routing.Route(f"/{path}", guarded(lambda _: None), methods=["GET"])
            for path, guarded in paths.items()
        ]

    def behind(**options: Any) -> Any:
        return lambda view: AsgiMiddleware(routing.Route("/", view).app, issuer=URL, **options)

    return applications.Starlette(
        routes=routes(health=lambda view: view, me=behind(), feed=behind(required=False))
    )


APPS = [_flask, _fastapi, _starlette]
OPEN = {"/health": "load balancer", "GET /feed": "visitors see less"}


@pytest.fixture(params=APPS, ids=lambda make: make.__name__[1:])
def app(request: pytest.FixtureRequest) -> Any:
    return request.param()


def test_an_app_whose_open_routes_are_named_passes(app: Any) -> None:
    assert_guarded(app, open=OPEN)
    assert_guarded(app, {"/health": "", "/feed": ""})


def test_the_error_lists_what_may_be_open(app: Any) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_guarded(app)
    first, feed, health = str(caught.value).splitlines()
    assert first == "Guard these routes, or name those in open= that are meant to be open:"
    assert feed.split()[:3] == ["GET", "/feed", "optional"]
    assert health.split()[:3] == ["GET", "/health", "open"]


@pytest.mark.parametrize(
    ("entry", "why"), [("/old", "no such route"), ("GET /me", "guarded, so it need not be allowed")]
)
def test_an_entry_that_is_needed_no_more_fails(app: Any, entry: str, why: str) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_guarded(app, open={**OPEN, entry: "once"})
    assert f"stale   {why}" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 2


def test_a_live_key_is_refused(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORII_SECRET_KEY", "sk_live_1")
    with pytest.raises(ConfigurationError, match="sk_live_"):
        assert_guarded(app, open=OPEN)
    assert routes_of(app)


def _wsgi(environ: Any, start_response: Any) -> list[bytes]:
    return []


async def _asgi(scope: Any, receive: Any, send: Any) -> None: ...


class _Framework:
    def __call__(self, *_: Any) -> list[bytes]:
        return []


@pytest.mark.parametrize("app", [_wsgi, _asgi, _Framework()])
def test_one_line_stands_for_an_app_that_cannot_be_looked_into(app: Any) -> None:
    assert framework_of(app) == ""
    (route,) = routes_of(app)
    assert route[:3] == ("/*", "*", "unknown")
    assert_guarded(AuthMiddleware(app, issuer=URL))
    with pytest.raises(AssertionError, match="optional"):
        assert_guarded(AuthMiddleware(app, issuer=URL, required=False))


def test_a_django_project_and_what_is_around_it() -> None:
    pytest.importorskip("django")
    from django.http import HttpResponse
    from django.test import override_settings
    from django.urls import path

    from tests.adapters.django_project import wsgi_handler

    def view(_: Any) -> HttpResponse:
        return HttpResponse("ok")

    urls = (path("health", view), path("me", view))
    with override_settings(ROOT_URLCONF=urls):
        handler = wsgi_handler(view)
        assert framework_of(handler) == "django"
        assert_guarded(handler, open={"/health": "", "/me": ""})
        with pytest.raises(AssertionError, match="/me"):
            assert_guarded(handler, open={"/health": ""})
        assert_guarded(AuthMiddleware(handler, issuer=URL))


@pytest.mark.parametrize("app", [None, "main:app", _Framework, lambda: None, pytest])
def test_what_is_not_an_app(app: Any) -> None:
    with pytest.raises(ConfigurationError, match="must be a WSGI or ASGI application"):
        assert_guarded(app)


@pytest.mark.parametrize("entry", ["health", "", 7, None])
def test_an_entry_is_a_path_or_a_method_and_a_path(app: Any, entry: Any) -> None:
    with pytest.raises(ConfigurationError, match="such as GET /health"):
        assert_guarded(app, open={entry: "why"})
