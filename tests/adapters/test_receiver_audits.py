"""Audits list a receiver of webhooks as public, unless a guard stands before it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings
from django.urls import path
from fastapi import Depends, FastAPI
from flask import Blueprint, Flask
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware

from tests.events.deliveries import SECRET
from torii_backend import Events, asgi, django, fastapi, flask, wsgi
from torii_backend.django.decorators import require_auth
from torii_backend.django.routes import routes as django_routes
from torii_backend.fastapi.routes import routes as asgi_routes
from torii_backend.flask.routes import routes as flask_routes

ISSUER = "https://acme.torii.so"
PUBLIC = ("public", "verifies webhooks by their signature")
EXEMPT = ("exempt", "/torii/events")
PATH = "/torii/events"


def _said(routes: list[Any]) -> list[tuple[str, str]]:
    return [(route.state, route.detail) for route in routes if route.path == PATH]


async def _pass(request: Any, call_next: Any) -> Any:
    return await call_next(request)


def _flask_app() -> Flask:
    app = Flask(__name__, static_folder=None)
    app.config["TORII_ISSUER"] = ISSUER
    return app


def test_in_flask() -> None:
    app = _flask_app()
    flask.Torii(app)
    blueprint = Blueprint("hooks", __name__)
    blueprint.before_request(flask.Torii().guard(role="admin"))
    blueprint.before_request(lambda: None)
    blueprint.post(PATH)(flask.receive(Events(SECRET)))
    app.register_blueprint(blueprint)
    assert _said(flask_routes(app)) == [PUBLIC]


def test_a_guard_on_the_view_itself_stays_in_flask() -> None:
    app = _flask_app()
    app.post(PATH)(flask.require_auth(flask.receive(Events(SECRET))))
    assert _said(flask_routes(app))[0][0] == "guarded"
    assert app.test_client().post(PATH).status_code == 401


def test_a_decorator_around_the_view_stays_guarded_in_flask() -> None:
    app = _flask_app()
    flask.Torii(app)
    view = flask.receive(Events(SECRET))

    def around() -> Any:
        return view()

    around.__dict__.update(vars(view))
    app.post(PATH)(around)
    assert _said(flask_routes(app))[0][0] == "guarded"
    assert app.test_client().post(PATH).status_code == 401


def test_guards_that_pass_webhooks_guard_other_views_in_flask() -> None:
    app = _flask_app()
    flask.Torii(app)
    app.post(PATH)(flask.receive(Events(SECRET)))
    app.post("/me", endpoint="me")(lambda: "in")
    client = app.test_client()
    assert [client.post(url).status_code for url in (PATH, "/me", PATH + "/", "/other")] == [
        400,
        401,
        401,
        401,
    ]


@pytest.mark.parametrize(("exempt", "said"), [([], "guarded"), ([PATH], "exempt")])
def test_behind_wsgi_middleware(exempt: list[str], said: str) -> None:
    app = _flask_app()
    app.post(PATH)(flask.receive(Events(SECRET)))
    guarded = wsgi.AuthMiddleware(app, issuer=ISSUER, exempt=exempt)
    assert [state for state, _ in _said(flask_routes(guarded))] == [said]


def test_in_starlette_and_fastapi() -> None:
    guarded = FastAPI(dependencies=[Depends(fastapi.require_auth(issuer=ISSUER))])
    for app in (guarded, Starlette()):
        app.add_route(PATH, asgi.EventReceiver(Events(SECRET)))  # type: ignore[arg-type]
        app.add_middleware(BaseHTTPMiddleware, dispatch=_pass)
        assert _said(asgi_routes(app)) == [PUBLIC]


@pytest.mark.parametrize(("exempt", "said"), [([], "guarded"), ([PATH], "exempt")])
def test_behind_asgi_middleware(exempt: list[str], said: str) -> None:
    app = Starlette()
    app.add_route(PATH, asgi.EventReceiver(Events(SECRET)))  # type: ignore[arg-type]
    app.add_middleware(asgi.AuthMiddleware, issuer=ISSUER, exempt=exempt)
    assert [state for state, _ in _said(asgi_routes(app))] == [said]


@pytest.mark.parametrize("middleware", [[], ["torii_backend.django.AuthMiddleware"]])
def test_in_django(middleware: list[str]) -> None:
    urls = (path("torii/events", django.receive(Events(SECRET))),)
    with override_settings(MIDDLEWARE=middleware, TORII={"ISSUER": ISSUER}):
        assert _said(django_routes(urls)) == [PUBLIC]
        guarded = (path("torii/events", require_auth(django.receive(Events(SECRET)))),)
        assert [state for state, _ in _said(django_routes(guarded))] == ["guarded"]
