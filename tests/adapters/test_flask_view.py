"""`@require_auth` on Flask views: how it combines with the app and its contexts."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from flask import Flask, g

from torii_backend import Auth, ConfigurationError, Verifier
from torii_backend.flask import Torii, optional_auth, require_auth

from .flask_views import bearer_headers, whoami
from .issuers import Issuers


def _named() -> dict[str, Any]:
    """Trust `g` alone, as most views do."""
    return {"user_id": g.auth.user_id}


def _app(view: Callable[..., Any], **config: Any) -> Flask:
    app = Flask(__name__)
    app.config.update(config)
    app.add_url_rule("/me", view_func=view)
    return app


def test_the_bare_decorator_reads_the_configuration_of_the_app(issuers: Issuers) -> None:
    view = require_auth(whoami)
    home = _app(view, TORII_ISSUER=issuers.home.issuer).test_client()
    other = _app(view, TORII_ISSUER=issuers.other.issuer).test_client()
    assert home.get("/me", headers=bearer_headers(issuers)).json == {"user_id": "ada"}
    assert other.get("/me", headers=bearer_headers(issuers)).status_code == 401
    assert home.get("/me").status_code == 401


def test_empty_parentheses_are_the_bare_decorator(issuers: Issuers) -> None:
    client = _app(require_auth()(whoami), TORII_ISSUER=issuers.home.issuer).test_client()
    assert client.get("/me", headers=bearer_headers(issuers)).json == {"user_id": "ada"}
    assert client.get("/me").status_code == 401


def test_keywords_count_before_the_configuration(issuers: Issuers) -> None:
    view = require_auth(issuer=issuers.home.issuer, header="x-token")(whoami)
    client = _app(view, TORII_ISSUER=issuers.other.issuer).test_client()
    token = issuers.token()
    assert client.get("/me", headers={"X-Token": f"Bearer {token}"}).json == {"user_id": "ada"}
    assert client.get("/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_the_decorator_inherits_the_keywords_of_the_extension(issuers: Issuers) -> None:
    app = _app(require_auth(leeway=0)(whoami))
    Torii(app, issuer=issuers.home.issuer, audience="shop", required=False)
    client = app.test_client()
    assert client.get("/me", headers=bearer_headers(issuers, aud="shop")).json == {"user_id": "ada"}
    assert client.get("/me", headers=bearer_headers(issuers, aud="blog")).status_code == 401
    late = bearer_headers(issuers, aud="shop", expires_in=-5)
    assert client.get("/me", headers=late).status_code == 401


@pytest.mark.parametrize(
    "view", [require_auth(whoami), require_auth()(whoami), require_auth(leeway=1)(whoami)]
)
def test_what_the_app_lets_in_the_decorator_refuses(issuers: Issuers, view: Any) -> None:
    app = _app(view)
    Torii(app, issuer=issuers.home.issuer, required=False, exempt=["/me"])
    app.add_url_rule("/open", view_func=whoami, endpoint="open")
    client = app.test_client()
    assert client.get("/open").json == {"user_id": None}
    assert client.get("/me").status_code == 401
    assert client.get("/me", headers=bearer_headers(issuers)).json == {"user_id": "ada"}


def test_what_the_configuration_lets_in_the_decorator_refuses(issuers: Issuers) -> None:
    config = {"TORII_REQUIRED": False, "TORII_EXEMPT": ["/me"]}
    app = _app(require_auth(whoami), TORII_ISSUER=issuers.home.issuer, **config)
    assert app.test_client().get("/me").status_code == 401


def test_a_decorated_view_may_be_stricter_than_the_app(issuers: Issuers) -> None:
    app = _app(require_auth(audience="shop")(whoami))
    Torii(app, issuer=issuers.home.issuer)
    client = app.test_client()
    assert client.get("/me", headers=bearer_headers(issuers)).status_code == 401
    assert client.get("/me", headers=bearer_headers(issuers, aud="shop")).json == {"user_id": "ada"}


def test_a_bare_decorator_verifies_again_behind_the_extension(issuers: Issuers) -> None:
    """It trusts nothing that code in between may have changed; the cache makes that cheap."""
    verified: list[str] = []

    class Counting(Verifier):
        def verify(self, token: Any) -> Auth:
            verified.append(token)
            return super().verify(token)

    app = _app(require_auth(whoami))
    Torii(app, verifier=Counting(issuers.home.issuer))
    headers = bearer_headers(issuers)
    assert app.test_client().get("/me", headers=headers).json == {"user_id": "ada"}
    assert verified == [headers["Authorization"].partition(" ")[2]] * 2


def test_the_user_of_one_request_is_not_that_of_the_next(issuers: Issuers) -> None:
    """An app context that outlives requests, as in many test suites and WSGI files, shares `g`."""
    app = _app(require_auth(_named), TORII_ISSUER=issuers.home.issuer)
    client = app.test_client()
    with app.app_context():
        assert client.get("/me", headers=bearer_headers(issuers)).status_code == 200
        assert client.get("/me").status_code == 401
        assert client.get("/me", headers=bearer_headers(issuers, "grace")).json == {
            "user_id": "grace"
        }


def test_a_request_inside_a_request_is_verified_by_itself(issuers: Issuers) -> None:
    app = _app(require_auth(_named), TORII_ISSUER=issuers.home.issuer)

    @app.get("/outer")
    @require_auth
    def outer() -> dict[str, Any]:
        anonymous = app.test_client().get("/me").status_code
        grace = app.test_client().get("/me", headers=bearer_headers(issuers, "grace")).json
        return {"anonymous": anonymous, "inner": grace, "outer": whoami()}

    assert app.test_client().get("/outer", headers=bearer_headers(issuers)).json == {
        "anonymous": 401,
        "inner": {"user_id": "grace"},
        "outer": {"user_id": "ada"},
    }


@pytest.mark.parametrize("value", ["root", object(), {"user_id": "root"}])
def test_an_auth_of_another_extension_opens_nothing(issuers: Issuers, value: object) -> None:
    app = _app(require_auth(lambda: "let in"), TORII_ISSUER=issuers.home.issuer)

    @app.before_request
    def other_extension() -> None:
        g.auth = value

    assert app.test_client().get("/me").status_code == 401
    assert app.test_client().get("/me", headers=bearer_headers(issuers)).data == b"let in"


@pytest.mark.parametrize("parentheses", [False, True])
def test_sign_in_may_be_optional(issuers: Issuers, parentheses: bool) -> None:
    guard = optional_auth(leeway=5) if parentheses else optional_auth
    app = _app(guard(whoami), TORII_ISSUER=issuers.home.issuer, TORII_REQUIRED=True)
    client = app.test_client()
    assert client.get("/me").json == {"user_id": None}
    assert client.get("/me", headers=bearer_headers(issuers)).json == {"user_id": "ada"}
    assert client.get("/me", headers={"Authorization": "Bearer x"}).status_code == 401
    assert client.get("/me", headers=bearer_headers(issuers, expires_in=-60)).status_code == 401


def test_optional_sign_in_enforces_the_policy_of_a_user(issuers: Issuers) -> None:
    view = optional_auth(issuer=issuers.home.issuer, role="admin")(whoami)
    client = _app(view, TORII_ISSUER=issuers.other.issuer).test_client()
    assert client.get("/me").json == {"user_id": None}
    assert client.get("/me", headers=bearer_headers(issuers)).status_code == 403
    member = bearer_headers(issuers, org_id="org_1", org_role="admin")
    assert client.get("/me", headers=member).json == {"user_id": "ada"}


def test_optional_sign_in_behind_the_extension_is_still_required(issuers: Issuers) -> None:
    app = _app(optional_auth(whoami))
    Torii(app, issuer=issuers.home.issuer)
    assert app.test_client().get("/me").status_code == 401


def test_optional_sign_in_cannot_be_required(issuers: Issuers) -> None:
    with pytest.raises(TypeError, match="required"):
        optional_auth(issuer=issuers.home.issuer, required=True)  # type: ignore[call-overload]


def test_an_async_view_is_guarded(issuers: Issuers) -> None:
    async def me() -> dict[str, Any]:
        return whoami()

    app = _app(require_auth(issuer=issuers.home.issuer)(me))
    assert app.test_client().get("/me").status_code == 401
    assert app.test_client().get("/me", headers=bearer_headers(issuers)).json == {"user_id": "ada"}


def test_an_async_view_behind_the_extension_knows_its_user(issuers: Issuers) -> None:
    async def me() -> dict[str, Any]:
        return whoami()

    app = _app(me)
    Torii(app, issuer=issuers.home.issuer)
    assert app.test_client().get("/me", headers=bearer_headers(issuers)).json == {"user_id": "ada"}


def test_the_view_keeps_its_name_and_signature() -> None:
    guarded = require_auth(whoami)
    assert (guarded.__name__, guarded.__doc__) == ("whoami", "Tell who is signed in.")
    assert guarded.__wrapped__ is whoami  # type: ignore[attr-defined]


def test_wrong_keywords_are_found_where_the_view_is_declared(issuers: Issuers) -> None:
    with pytest.raises(ConfigurationError, match="issuer"):
        require_auth(issuer="acme.torii.so")
    with pytest.raises(ConfigurationError, match="verifier"):
        require_auth(issuer=issuers.home.issuer, verifier=Verifier(issuers.home.issuer))
    with pytest.raises(ConfigurationError, match="leeway"):
        require_auth(leeway=-1)


def test_an_unknown_keyword_is_found_where_the_view_is_declared() -> None:
    with pytest.raises(TypeError, match="isuer"):
        require_auth(isuer="https://acme.torii.so")  # type: ignore[call-overload]


def test_a_missing_issuer_lets_nobody_in(issuers: Issuers) -> None:
    app = _app(require_auth(whoami), PROPAGATE_EXCEPTIONS=True)
    with pytest.raises(ConfigurationError, match="TORII_ISSUER"):
        app.test_client().get("/me", headers=bearer_headers(issuers))
