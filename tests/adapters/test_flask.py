"""What a Flask developer expects of the extension and of the decorator, beyond the contract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from flask import Blueprint, Flask, Response, g, jsonify, request, stream_with_context
from flask.testing import FlaskClient
from flask.views import MethodView
from werkzeug.exceptions import HTTPException, NotFound, Unauthorized
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from torii_backend import ConfigurationError, ToriiAuthError, Verifier, current_auth
from torii_backend._guard.refusal import RefusalResponse, refusal_response
from torii_backend.flask import Torii, require_auth

from .flask_views import bearer_headers, whoami
from .issuers import Issuers
from .refusals import REFUSALS


def _app(**config: Any) -> Flask:
    app = Flask(__name__)
    app.config.update(config)
    app.add_url_rule("/me", view_func=whoami)
    return app


def _client(**config: Any) -> FlaskClient:
    app = _app(**config)
    Torii(app)
    return app.test_client()


def test_the_configuration_of_the_app_counts(issuers: Issuers) -> None:
    client = _client(
        TORII_ISSUER=issuers.home.issuer,
        TORII_AUDIENCE="shop",
        TORII_LEEWAY=0,
        TORII_HEADER="x-token",
        TORII_EXEMPT=["/open"],
    )
    good = issuers.token(aud="shop")
    assert client.get("/me", headers={"X-Token": f"Bearer {good}"}).json == {"user_id": "ada"}
    assert client.get("/me", headers={"Authorization": f"Bearer {good}"}).status_code == 401
    assert client.get("/me", headers={"X-Token": f"Bearer {issuers.token()}"}).status_code == 401
    late = issuers.token(aud="shop", expires_in=-5)
    assert client.get("/me", headers={"X-Token": f"Bearer {late}"}).status_code == 401
    assert client.get("/open").status_code == 404


def test_every_option_can_be_set_in_the_configuration(issuers: Issuers) -> None:
    heard: list[ToriiAuthError] = []
    client = _client(
        TORII_VERIFIER=Verifier(issuers.home.issuer),
        TORII_ON_ERROR=heard.append,
        TORII_REQUIRED=False,
    )
    assert client.get("/me").json == {"user_id": None}
    assert client.get("/me", headers={"Authorization": "Bearer x"}).status_code == 401
    assert [refusal.reason for refusal in heard] == ["malformed"]


def test_keywords_count_before_the_configuration(issuers: Issuers) -> None:
    app = _app(TORII_ISSUER=issuers.other.issuer, TORII_REQUIRED=False)
    Torii(app, issuer=issuers.home.issuer, required=True)
    client = app.test_client()
    assert client.get("/me", headers=bearer_headers(issuers)).json == {"user_id": "ada"}
    assert client.get("/me").status_code == 401


@pytest.mark.parametrize("keyword", ["audience", "verifier"])
def test_a_keyword_that_is_none_leaves_the_configuration(issuers: Issuers, keyword: str) -> None:
    app = _app(TORII_ISSUER=issuers.home.issuer, TORII_AUDIENCE="shop")
    nothing: dict[str, Any] = {keyword: None}
    Torii(app, **nothing)
    assert app.test_client().get("/me", headers=bearer_headers(issuers)).status_code == 401


@pytest.mark.parametrize(
    ("config", "status"),
    [
        ({}, 401),
        ({"TORII_ROOT_PATH": "/shop"}, 404),
        ({"APPLICATION_ROOT": "/shop"}, 404),
        ({"APPLICATION_ROOT": "/shop", "TORII_ROOT_PATH": "/other"}, 401),
        ({"APPLICATION_ROOT": "https://shop.example"}, 401),
    ],
)
def test_exempt_paths_count_from_the_mount_point_that_the_app_declares(
    issuer: str, config: dict[str, Any], status: int
) -> None:
    app = _app(TORII_ISSUER=issuer, TORII_EXEMPT=["/open"], **config)
    Torii(app)
    app.wsgi_app = DispatcherMiddleware(NotFound(), {"/shop": app.wsgi_app})  # type: ignore[method-assign]
    client = app.test_client()
    assert client.get("/shop/open", base_url="http://localhost").status_code == status
    assert client.get("/shop/me", base_url="http://localhost").status_code == 401


def test_a_verifier_keyword_replaces_a_configured_issuer(issuers: Issuers) -> None:
    app = _app(TORII_ISSUER=issuers.other.issuer, TORII_AUDIENCE="shop")
    Torii(app, verifier=Verifier(issuers.home.issuer))
    assert app.test_client().get("/me", headers=bearer_headers(issuers)).status_code == 200


def test_init_app_guards_each_app_with_its_own_configuration(issuers: Issuers) -> None:
    torii = Torii()
    home, other = _app(TORII_ISSUER=issuers.home.issuer), _app(TORII_ISSUER=issuers.other.issuer)
    torii.init_app(home)
    torii.init_app(other)
    assert home.test_client().get("/me", headers=bearer_headers(issuers)).status_code == 200
    assert other.test_client().get("/me", headers=bearer_headers(issuers)).status_code == 401


def test_a_missing_issuer_is_found_by_init_app() -> None:
    torii = Torii()
    with pytest.raises(ConfigurationError, match="TORII_ISSUER"):
        torii.init_app(Flask(__name__))
    with pytest.raises(ConfigurationError, match="TORII_ISSUER"):
        Torii(Flask(__name__))


def test_wrong_configuration_is_found_by_init_app(issuer: str) -> None:
    with pytest.raises(ConfigurationError, match="leeway"):
        Torii(_app(TORII_ISSUER=issuer, TORII_LEEWAY="30"))
    with pytest.raises(ConfigurationError, match="exempt"):
        Torii(_app(TORII_ISSUER=issuer, TORII_EXEMPT="/health"))


@pytest.mark.parametrize(
    ("key", "meant"),
    [("TORII_EMAIL_VERIFID", "TORII_EMAIL_VERIFIED"), ("TORII_ROLES", "TORII_ROLE")],
)
def test_a_misspelt_setting_opens_nothing(issuers: Issuers, key: str, meant: str) -> None:
    app = _app(TORII_ISSUER=issuers.home.issuer, **{key: True})
    with pytest.raises(ConfigurationError) as caught:
        Torii(app)
    assert str(caught.value) == (
        f'Nothing reads app.config["{key}"]. Rename it to {meant}, if you meant that.'
    )
    app.add_url_rule("/mine", "mine", require_auth(lambda: "mine"))
    assert app.test_client().get("/mine", headers=bearer_headers(issuers)).status_code == 500


def test_other_keys_of_the_application_are_its_own(issuers: Issuers) -> None:
    own = ["TORII_SECRET_KEY", "TORII_API_URL", "TORII_WEBHOOK_SECRET", "TORII_PLAN", "EXEMPTS"]
    Torii(_app(TORII_ISSUER=issuers.home.issuer, **dict.fromkeys(own, "mine")))


def test_a_wrong_keyword_is_a_type_error(issuer: str) -> None:
    with pytest.raises(TypeError, match="requierd"):
        Torii(Flask(__name__), issuer=issuer, requierd=False)  # type: ignore[call-arg]


@pytest.mark.parametrize("handled", [401, Unauthorized, HTTPException])
def test_an_error_handler_may_restyle_a_refusal(issuer: str, handled: Any) -> None:
    app = _app(TORII_ISSUER=issuer)
    Torii(app)

    @app.errorhandler(handled)
    def restyle(error: HTTPException) -> tuple[Response, int]:
        return jsonify(problem=error.description), 401

    answer = app.test_client().get("/me")
    assert answer.status_code == 401
    assert answer.json == {"problem": "The request has no bearer token."}


def test_an_error_handler_may_keep_our_answer(issuer: str) -> None:
    app = _app(TORII_ISSUER=issuer)
    Torii(app)

    @app.errorhandler(HTTPException)
    def decorate(error: HTTPException) -> Any:
        response = error.get_response()
        response.headers["X-Restyled"] = "yes"
        return response

    answer = app.test_client().get("/me")
    assert (answer.status_code, answer.data) == (401, REFUSALS["no_credentials"].body)
    assert answer.headers["X-Restyled"] == "yes"
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="torii"'


def test_an_outage_reaches_the_error_handler_of_503(issuers: Issuers) -> None:
    app = _app(TORII_ISSUER=issuers.down.issuer)
    Torii(app)

    @app.errorhandler(503)
    def sorry(error: HTTPException) -> tuple[str, int]:
        return "sorry", 503

    token = issuers.down.issue_token().access_token
    answer = app.test_client().get("/me", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.data) == (503, b"sorry")


@pytest.mark.parametrize("styled", [False, True])
def test_a_replaced_response_goes_through_abort_too(issuer: str, styled: bool) -> None:
    app = _app(TORII_ISSUER=issuer)
    Torii(
        app, on_error=lambda _: RefusalResponse(404, (("Content-Type", "text/plain"),), b"hidden")
    )
    if styled:
        app.register_error_handler(404, lambda _: ("no such page", 404))
    answer = app.test_client().get("/me")
    assert (answer.status_code, answer.data) == (404, b"no such page" if styled else b"hidden")


def test_teardown_functions_still_know_the_user(issuers: Issuers) -> None:
    app = _app(TORII_ISSUER=issuers.home.issuer)
    Torii(app)
    seen: list[str] = []

    @app.teardown_request
    def note(error: object) -> None:
        seen.append(g.auth.user_id)

    assert app.test_client().get("/me", headers=bearer_headers(issuers)).status_code == 200
    assert seen == ["ada"]


@pytest.mark.parametrize("body", ["whole", iter(["streamed"])])
def test_after_request_functions_still_know_the_user(issuers: Issuers, body: Any) -> None:
    app = Flask(__name__)
    Torii(app, issuer=issuers.home.issuer)
    app.add_url_rule("/body", view_func=lambda: Response(body))

    @app.after_request
    def note(response: Response) -> Response:
        auth = current_auth()
        assert auth is g.auth
        response.headers["X-User"] = "" if auth is None else auth.user_id
        return response

    answer = app.test_client().get("/body", headers=bearer_headers(issuers))
    assert answer.headers["X-User"] == "ada"


def test_a_test_request_context_may_run_the_guard(issuers: Issuers) -> None:
    app = _app(TORII_ISSUER=issuers.home.issuer)
    Torii(app)
    with app.test_request_context("/me", headers=bearer_headers(issuers)):
        app.preprocess_request()
        assert g.auth is current_auth()
    with app.test_request_context("/me"), pytest.raises(Unauthorized):
        app.preprocess_request()


def test_a_stream_knows_its_user_if_it_knows_its_request(issuers: Issuers) -> None:
    app = _app(TORII_ISSUER=issuers.home.issuer)
    Torii(app)

    def names() -> Iterator[str]:
        for _ in range(3):
            auth = current_auth()
            yield "nobody" if auth is None else auth.user_id

    app.add_url_rule("/names", "names", lambda: Response(stream_with_context(names())))
    app.add_url_rule("/bare", "bare", lambda: Response(names()))
    client = app.test_client()
    assert client.get("/names", headers=bearer_headers(issuers)).data == b"ada" * 3
    with pytest.raises(ConfigurationError, match="outside a guarded request"):
        client.get("/bare", headers=bearer_headers(issuers))


class _Me(MethodView):
    decorators: ClassVar = [require_auth]

    def get(self) -> dict[str, Any]:
        return whoami()


def test_views_of_a_class_and_of_a_blueprint_are_guarded(issuers: Issuers) -> None:
    app = Flask(__name__)
    app.config["TORII_ISSUER"] = issuers.home.issuer
    blueprint = Blueprint("shop", __name__, url_prefix="/shop")
    blueprint.add_url_rule("/class", view_func=_Me.as_view("me"))

    @blueprint.get("/function/<int:number>")
    @require_auth
    def function(number: int) -> dict[str, Any]:
        return {**whoami(), "number": number}

    app.register_blueprint(blueprint)
    client = app.test_client()
    for path in ("/shop/class", "/shop/function/7"):
        assert client.get(path).status_code == 401
        assert client.get(path, headers=bearer_headers(issuers)).get_json()["user_id"] == "ada"
    with app.test_request_context("/shop/function/7"):
        assert request.endpoint == "shop.function"


def test_a_whole_blueprint_may_be_guarded(issuers: Issuers) -> None:
    app = _app(TORII_ISSUER=issuers.home.issuer)
    blueprint = Blueprint("shop", __name__, url_prefix="/shop")
    blueprint.add_url_rule("/me", view_func=whoami)
    blueprint.before_request(require_auth(lambda: None))
    app.register_blueprint(blueprint)
    app.add_url_rule("/open", view_func=lambda: "open", endpoint="open")
    client = app.test_client()
    assert client.get("/shop/me").status_code == 401
    assert client.get("/shop/me", headers=bearer_headers(issuers)).json == {"user_id": "ada"}
    assert client.get("/open").data == b"open"


def test_the_standard_response_is_importable_for_on_error(issuer: str) -> None:
    app = _app(TORII_ISSUER=issuer)
    Torii(app, on_error=refusal_response)
    assert app.test_client().get("/me").data == REFUSALS["no_credentials"].body
