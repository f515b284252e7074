"""Policies, blueprints and classes in Flask: who of the signed-in users may do what, and where."""

from __future__ import annotations

from typing import Any, ClassVar, Optional

import pytest
from flask import Blueprint, Flask, g
from flask.views import MethodView, View

from torii_backend import Auth, ConfigurationError, current_auth
from torii_backend.flask import Torii, require_auth

from .flask_views import bearer_headers, whoami
from .issuers import Issuers
from .refusals import REFUSALS

ADMIN: dict[str, Any] = {"org_id": "org_1", "org_role": "admin"}


async def _async_me() -> dict[str, Any]:
    return whoami()


def _app(issuers: Issuers, **config: Any) -> Flask:
    app = Flask(__name__)
    app.config.update({"TORII_ISSUER": issuers.home.issuer, "PROPAGATE_EXCEPTIONS": True, **config})
    return app


def _assert_for_admins(app: Flask, issuers: Issuers, path: str, method: str = "GET") -> None:
    client = app.test_client()
    assert client.open(path, method=method).data == REFUSALS["no_credentials"].body
    member = client.open(path, method=method, headers=bearer_headers(issuers))
    assert (member.status_code, member.data) == (403, REFUSALS["role"].body)
    admin = client.open(path, method=method, headers=bearer_headers(issuers, **ADMIN))
    assert admin.json == {"user_id": "ada"}


@pytest.mark.parametrize("view", [whoami, _async_me])
def test_a_decorated_view_may_name_a_policy(issuers: Issuers, view: Any) -> None:
    app = _app(issuers)
    app.add_url_rule("/me", view_func=require_auth(role="admin")(view))
    _assert_for_admins(app, issuers, "/me")


def test_the_extension_may_name_a_policy(issuers: Issuers) -> None:
    app = _app(issuers)
    Torii(app, role="admin")
    app.add_url_rule("/me", view_func=whoami)
    _assert_for_admins(app, issuers, "/me")


def test_the_configuration_may_name_a_policy(issuers: Issuers) -> None:
    app = _app(issuers, TORII_ROLE={"admin", "owner"}, TORII_EMAIL_VERIFIED=True)
    Torii(app)
    app.add_url_rule("/me", view_func=whoami)
    _assert_for_admins(app, issuers, "/me")
    answer = app.test_client().get(
        "/me", headers=bearer_headers(issuers, **ADMIN, email_verified=False)
    )
    assert answer.data == REFUSALS["email_unverified"].body


def test_a_decorated_view_keeps_the_policy_of_the_app(issuers: Issuers) -> None:
    app = _app(issuers, TORII_ROLE="admin")
    app.add_url_rule("/me", view_func=require_auth(email_verified=True)(whoami))
    _assert_for_admins(app, issuers, "/me")


@pytest.mark.parametrize("where", ["extension", "decorator", "blueprint"])
def test_an_async_check_is_an_error_of_the_application(issuers: Issuers, where: str) -> None:
    """Before a request Flask awaits nothing, so a plain function is asked for."""

    async def check(auth: Auth) -> bool:
        raise AssertionError

    app = _app(issuers)
    view = require_auth(check=check)(whoami) if where == "decorator" else whoami
    app.add_url_rule("/me", view_func=view)
    if where == "extension":
        Torii(app, check=check)
    if where == "blueprint":
        app.before_request(Torii().guard(check=check))
    with pytest.raises(ConfigurationError, match="Pass a plain function"):
        app.test_client().get("/me", headers=bearer_headers(issuers))


def _shop(app: Flask, guard: Any) -> Flask:
    """Give an application a guarded blueprint and an open view."""
    blueprint = Blueprint("shop", __name__, url_prefix="/shop")
    blueprint.before_request(guard)
    blueprint.add_url_rule("/me", view_func=whoami)
    blueprint.add_url_rule("/later", view_func=_async_me)
    app.register_blueprint(blueprint)
    app.add_url_rule("/open", view_func=lambda: "open", endpoint="open")
    return app


@pytest.mark.parametrize("path", ["/shop/me", "/shop/later"])
def test_a_blueprint_may_be_guarded_alone(issuers: Issuers, path: str) -> None:
    app = _shop(_app(issuers), Torii().guard(role="admin"))
    _assert_for_admins(app, issuers, path)
    assert app.test_client().get("/open").data == b"open"


def test_a_blueprint_may_be_stricter_than_its_application(issuers: Issuers) -> None:
    app = _app(issuers)
    torii = Torii(app, required=False, exempt=["/shop/later"])
    _shop(app, torii.guard(role="admin"))
    for path in ("/shop/me", "/shop/later"):
        _assert_for_admins(app, issuers, path)
    assert app.test_client().get("/open").data == b"open"


def test_a_guard_may_be_an_attribute_of_a_class(issuers: Issuers) -> None:
    class Shop(View):
        # By its type, a function in a class would take `self`.
        guard: ClassVar[Any] = Torii(issuer=issuers.home.issuer).guard()

        def dispatch_request(self) -> str:
            self.guard()
            return str(g.auth.user_id)

    app = Flask(__name__)
    app.add_url_rule("/shop", view_func=Shop.as_view("shop"))
    client = app.test_client()
    assert client.get("/shop").status_code == 401
    assert client.get("/shop", headers=bearer_headers(issuers)).text == "ada"


def test_the_guard_of_a_blueprint_keeps_the_keywords_of_the_extension(issuers: Issuers) -> None:
    app = _app(issuers, TORII_ISSUER=issuers.other.issuer)
    torii = Torii(issuer=issuers.home.issuer, audience="shop")
    client = _shop(app, torii.guard()).test_client()
    assert client.get("/shop/me", headers=bearer_headers(issuers)).status_code == 401
    assert client.get("/shop/me", headers=bearer_headers(issuers, aud="shop")).json == {
        "user_id": "ada"
    }


def test_one_guard_serves_several_applications(issuers: Issuers) -> None:
    guard = Torii().guard()
    home = _shop(_app(issuers), guard).test_client()
    other = _shop(_app(issuers, TORII_ISSUER=issuers.other.issuer), guard).test_client()
    assert home.get("/shop/me", headers=bearer_headers(issuers)).status_code == 200
    assert other.get("/shop/me", headers=bearer_headers(issuers)).status_code == 401


def test_a_bare_guard_passes_on_the_auth_of_the_application(issuers: Issuers) -> None:
    seen: list[Optional[Auth]] = []
    app = _app(issuers)
    torii = Torii(app)
    app.before_request(lambda: seen.append(g.auth))
    client = _shop(app, torii.guard()).test_client()
    assert client.get("/shop/me", headers=bearer_headers(issuers)).status_code == 200
    with app.test_request_context("/shop/me", headers=bearer_headers(issuers)):
        app.preprocess_request()
        assert g.auth is seen[-1]


def _bare_within(app: Flask, issuers: Issuers, where: str) -> Flask:
    """Put a bare guard behind one that asks for less than the application does."""
    less: Any = {"role": {"admin", "member"}}
    if where == "decorator":
        app.add_url_rule("/me", view_func=require_auth(**less)(require_auth(whoami)))
        return app
    blueprint = Blueprint("inner", __name__)
    blueprint.before_request(Torii().guard(**less))
    if where == "blueprint":
        blueprint.before_request(Torii().guard())
    blueprint.add_url_rule(
        "/me", view_func=whoami if where == "blueprint" else require_auth(whoami)
    )
    app.register_blueprint(blueprint)
    return app


@pytest.mark.parametrize("where", ["decorator", "blueprint", "decorator_in_blueprint"])
def test_a_bare_guard_within_another_asks_what_the_application_asks(
    issuers: Issuers, where: str
) -> None:
    app = _bare_within(_app(issuers, TORII_ROLE="admin"), issuers, where)
    client = app.test_client()
    member = bearer_headers(issuers, org_id="org_1", org_role="member")
    assert client.get("/me", headers=member).data == REFUSALS["role"].body
    assert client.get("/me", headers=bearer_headers(issuers, **ADMIN)).json == {"user_id": "ada"}


def test_a_bare_guard_within_that_of_another_issuer_trusts_the_issuer_of_the_application(
    issuers: Issuers,
) -> None:
    app = _app(issuers)
    guarded = require_auth(issuer=issuers.other.issuer)(require_auth(whoami))
    app.add_url_rule("/me", view_func=guarded)
    foreign = {"Authorization": f"Bearer {issuers.other.issue_token().access_token}"}
    assert app.test_client().get("/me", headers=foreign).data == REFUSALS["wrong_issuer"].body


def test_a_bare_guard_of_another_extension_asks_what_that_one_asks(issuers: Issuers) -> None:
    """The extension that guards the application has not asked for it."""
    app = _app(issuers)
    Torii(app)
    _shop(app, Torii(role="admin").guard())
    _assert_for_admins(app, issuers, "/shop/me")


@pytest.mark.parametrize("guard_app", [True, False])
def test_the_view_sees_the_auth_of_the_innermost_guard(issuers: Issuers, guard_app: bool) -> None:
    app = _app(issuers)
    if guard_app:
        Torii(app)
    other = require_auth(issuer=issuers.other.issuer, header="x-other")
    app.add_url_rule("/home", "home", other(require_auth(whoami)))
    app.add_url_rule("/other", "other", require_auth(other(whoami)))
    foreign = issuers.other.issue_token(user_id="grace").access_token
    headers = {**bearer_headers(issuers), "X-Other": f"Bearer {foreign}"}
    client = app.test_client()
    assert client.get("/home", headers=headers).json == {"user_id": "ada"}
    assert client.get("/other", headers=headers).json == {"user_id": "grace"}


def test_a_bare_guard_undoes_what_another_extension_has_made_of_g(issuers: Issuers) -> None:
    app = _app(issuers)
    Torii(app)
    app.before_request(lambda: setattr(g, "auth", "root"))
    app.add_url_rule("/me", view_func=require_auth(whoami))
    assert app.test_client().get("/me", headers=bearer_headers(issuers)).json == {"user_id": "ada"}


def test_wrong_keywords_of_a_guard_are_found_where_it_is_made() -> None:
    with pytest.raises(ConfigurationError, match="role"):
        Torii().guard(role="")
    with pytest.raises(TypeError, match="rol"):
        Torii().guard(rol="admin")  # type: ignore[call-arg]


class _Methods(MethodView):
    """Guards one of its methods."""

    def get(self) -> dict[str, Any]:
        return {"open": True}

    @require_auth(role="admin")
    def post(self) -> dict[str, Any]:
        return whoami()

    @require_auth(role="admin")
    async def put(self) -> dict[str, Any]:
        return whoami()


class _Dispatched(View):
    decorators: ClassVar = [require_auth(role="admin")]

    def dispatch_request(self) -> dict[str, Any]:
        return whoami()


class _Later(View):
    decorators: ClassVar = [require_auth(role="admin")]

    async def dispatch_request(self) -> dict[str, Any]:  # type: ignore[override]
        return whoami()


@pytest.mark.parametrize("view", [_Dispatched, _Later])
def test_a_class_may_name_its_guard_among_its_decorators(
    issuers: Issuers, view: type[View]
) -> None:
    app = _app(issuers)
    app.add_url_rule("/me", view_func=view.as_view("me"))
    _assert_for_admins(app, issuers, "/me")


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_single_methods_of_a_class_may_be_guarded(issuers: Issuers, method: str) -> None:
    app = _app(issuers)
    app.add_url_rule("/me", view_func=_Methods.as_view("me"))
    _assert_for_admins(app, issuers, "/me", method)
    assert app.test_client().get("/me").json == {"open": True}


def test_current_auth_outside_a_guarded_request_says_what_to_write(issuers: Issuers) -> None:
    app = _app(issuers)
    app.add_url_rule("/me", view_func=lambda: str(current_auth()))
    with pytest.raises(ConfigurationError, match="@require_auth on the view"):
        app.test_client().get("/me")
    with app.app_context(), pytest.raises(ConfigurationError, match="outside a guarded request"):
        current_auth()
