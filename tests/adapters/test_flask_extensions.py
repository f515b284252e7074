"""Flask-RESTX and flask-smorest: their classes are guarded, listed, and get our error responses."""

from __future__ import annotations

from typing import Any

import flask_restx
import flask_smorest
import pytest
from flask import Flask
from flask.views import MethodView

from torii_backend import ConfigurationError, current_auth
from torii_backend.flask import Torii, require_auth, unguarded_routes

from .flask_views import bearer_headers
from .issuers import Issuers


def _app(issuers: Issuers) -> Flask:
    app = Flask(__name__, static_folder=None)
    app.config.update(TORII_ISSUER=issuers.home.issuer, PROPAGATE_EXCEPTIONS=True)
    app.config.update(API_TITLE="api", API_VERSION="1", OPENAPI_VERSION="3.0.2")
    return app


class _Reads:
    def get(self) -> dict[str, Any]:
        auth = current_auth()
        return {"user_id": None if auth is None else auth.user_id}


def _restx(app: Flask, attributes: dict[str, Any]) -> Any:
    namespace = flask_restx.Namespace("shop")
    view = namespace.route("/me")(type("Me", (_Reads, flask_restx.Resource), attributes))
    flask_restx.Api(app, doc=False, add_specs=False).add_namespace(namespace, "/shop")
    return view


def _smorest(app: Flask, attributes: dict[str, Any]) -> Any:
    blueprint = flask_smorest.Blueprint("shop", "shop", url_prefix="/shop")
    view = blueprint.route("/me")(type("Me", (_Reads, MethodView), attributes))
    flask_smorest.Api(app).register_blueprint(blueprint)
    return view


@pytest.mark.parametrize(
    ("build", "attributes"),
    [
        (_restx, {"method_decorators": [require_auth]}),
        (_restx, {"method_decorators": [require_auth(role="admin")]}),
        (_restx, {"decorators": [require_auth]}),
        (_smorest, {"decorators": [require_auth]}),
        (_smorest, {"get": require_auth(_Reads.get)}),
        (_smorest, {}),
    ],
)
def test_a_class_is_guarded(issuers: Issuers, build: Any, attributes: dict[str, Any]) -> None:
    app = _app(issuers)
    build(app, attributes)
    if not attributes:
        assert "GET /shop/me" in unguarded_routes(app)
        Torii(app)
    assert "GET /shop/me" not in unguarded_routes(app)
    client = app.test_client()
    refused = client.get("/shop/me")
    assert (refused.status_code, refused.headers["Vary"]) == (401, "Authorization")
    admitted = client.get(
        "/shop/me", headers=bearer_headers(issuers, o={"id": "a", "rol": "admin"})
    )
    assert admitted.get_json() == {"user_id": "ada"}


@pytest.mark.parametrize("build", [_restx, _smorest])
def test_the_decorator_above_the_route_of_a_class_is_refused(issuers: Issuers, build: Any) -> None:
    with pytest.raises(ConfigurationError, match="not a class"):
        require_auth(build(_app(issuers), {}))


def test_restx_puts_the_sentence_into_its_envelope_and_keeps_the_headers(issuers: Issuers) -> None:
    app = _app(issuers)
    _restx(app, {"method_decorators": [require_auth]})
    response = app.test_client().get("/shop/me")
    assert response.get_json() == {"message": "The request has no bearer token."}
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="torii"'


def test_smorest_sends_our_response_if_it_is_told_to(issuers: Issuers) -> None:
    app = _app(issuers)
    _smorest(app, {"decorators": [require_auth]})
    client = app.test_client()
    assert client.get("/shop/me").get_json() == {"code": 401, "status": "Unauthorized"}
    # As docs/frameworks.md has it.
    app = _app(issuers)
    for status in (400, 401, 403, 503):
        app.register_error_handler(status, lambda error: error.get_response())
    _smorest(app, {"decorators": [require_auth]})
    response = app.test_client().get("/shop/me")
    assert response.get_json()["error"]["code"] == "authentication_failed"
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="torii"'
