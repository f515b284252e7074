"""What users of the project see. `test_django_sessions.py` runs each of these as a test."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Optional

import django
import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth import authenticate
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.models import Session
from django.core.checks import run_checks
from django.test import AsyncClient, Client, RequestFactory, TestCase, override_settings

from torii_backend import ConfigurationError, Policy
from torii_backend.django.routes import routes
from torii_backend.django.sessions import StaffSiteMixin, session_view
from torii_backend.emulator import Emulator
from torii_backend.testing import auth_as

MIDDLEWARE = "torii_backend.django.AuthMiddleware"
STAFF = {"o": {"id": "org_1", "rol": "admin"}}

emulator = Emulator()


def setUpModule() -> None:
    emulator.start()


def tearDownModule() -> None:
    emulator.stop()


def _token(user_id: str = "ada", **arguments: Any) -> str:
    return emulator.issue_token(user_id=user_id, **arguments).access_token


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class _Case(TestCase):
    def setUp(self) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.torii: dict[str, Any] = {
            "ISSUER": emulator.issuer,
            "USER_RESOLVER": "urls.find_user",
        }
        changed = override_settings(TORII=self.torii)
        changed.enable()
        self.addCleanup(changed.disable)

    def exchange(
        self,
        target: str = "/session",
        *,
        token: Optional[str] = None,
        origin: Optional[str] = None,
        secure: bool = False,
    ) -> Any:
        """POST a token, and follow no redirect."""
        headers = _bearer(_token() if token is None else token)
        if origin is not None:
            headers["Origin"] = origin
        return self.client.post(target, headers=headers, secure=secure)

    def account(self, client: Optional[Client] = None) -> str:
        """Return whom a page greets; nobody if it sends the browser to the sign-in page."""
        response = (client or self.client).get("/account")
        return response.content.decode() if response.status_code == 200 else ""


class Sessions(_Case):
    def test_a_token_starts_a_session(self) -> None:
        assert self.account() == ""
        response = self.exchange()
        assert (response.status_code, response.json()) == (200, {"next": "/account"})
        assert response["Cache-Control"] == "no-store"
        assert "Authorization" in response["Vary"]
        assert self.account() == "ada False"

    def test_refusals_are_those_of_the_guard(self) -> None:
        unverified = _token(claims={"email_verified": False})
        for token in (None, "x", _token(expires_in=-3600), unverified, f"{_token()} {_token()}"):
            headers = {} if token is None else _bearer(token)
            expected = self.client.post("/api-of-verified", headers=headers)
            if expected.status_code == 403 and b"CSRF" in expected.content:
                expected = Client().post("/api-of-verified", headers=headers)
            refused = self.client.post("/session-of-verified", headers=headers)
            assert refused.status_code in (400, 401, 403)
            assert refused.content == expected.content
            assert refused["WWW-Authenticate"] == expected["WWW-Authenticate"]
            assert refused.cookies == {}

    def test_a_token_counts_in_its_header_alone(self) -> None:
        token = _token()
        for target, data in (
            (f"/session?access_token={token}", {}),
            ("/session", {"access_token": token, "token": token}),
        ):
            assert self.client.post(target, data).status_code == 401
            as_json = self.client.post(target, data, content_type="application/json")
            assert as_json.status_code == 401

    def test_only_post_starts_a_session(self) -> None:
        headers = _bearer(_token())
        for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
            response = self.client.generic(method, "/session", headers=headers)
            assert (response.status_code, response["Allow"]) == (405, "POST")
        preflight = {"Origin": "http://a.example", "Access-Control-Request-Method": "POST"}
        assert self.client.options("/session", headers=preflight).status_code == 405
        assert Session.objects.count() == 0

    def test_a_user_who_is_not_active_gets_no_session(self) -> None:
        User.objects.create(username="ada", is_active=False)
        refused = self.exchange()
        assert refused.status_code == 403
        assert refused.json()["error"]["reason"] == "user"
        assert Session.objects.count() == 0

    def test_a_session_is_over_once_its_user_is_not_active(self) -> None:
        self.exchange()
        assert self.account() == "ada False"
        User.objects.update(is_active=False)
        assert self.account() == ""

    def test_a_new_unusable_password_ends_all_sessions_of_a_user(self) -> None:
        self.exchange()
        user = User.objects.get()
        user.set_unusable_password()
        user.save()
        assert self.account() == ""

    def test_another_site_cannot_start_a_session(self) -> None:
        for origin in ("https://evil.example", "http://testserver.evil.example", "null", ""):
            refused = self.exchange(origin=origin)
            assert refused.status_code == 403
            assert refused.json()["error"]["code"] == "permission_denied"
            assert refused.cookies == {}
        assert self.exchange(origin="https://testserver").status_code == 403
        assert self.exchange(origin="http://testserver").status_code == 200
        with override_settings(CSRF_TRUSTED_ORIGINS=["https://app.example"]):
            trusted = self.exchange(origin="https://app.example")
        assert trusted.status_code == 200

    def test_a_token_that_browsers_send_themselves_needs_an_origin(self) -> None:
        self.torii["CSRF_EXEMPT"] = False
        self._assert_needs_an_origin(_bearer(_token()))

    def test_a_header_that_another_site_may_set_needs_an_origin(self) -> None:
        self.torii["HEADER"] = "Accept"
        self._assert_needs_an_origin({"Accept": f"Bearer {_token()}"})

    def _assert_needs_an_origin(self, headers: dict[str, str]) -> None:
        assert self.client.post("/session", headers=headers).status_code == 403
        own = self.client.post("/session", headers={**headers, "Origin": "http://testserver"})
        assert own.status_code == 200

    def test_next_is_a_page_of_this_host(self) -> None:
        for wanted, expected in {
            "/orders%3Fpage=2": "/orders?page=2",
            "http://testserver/orders": "http://testserver/orders",
            "https://evil.example/": "/account",
            "//evil.example/": "/account",
            "/%5Cevil.example": "/account",
            "%5C%5Cevil.example": "/account",
            "javascript:alert(1)": "/account",
            "%0Ajavascript:alert(1)": "/account",
            "": "/account",
        }.items():
            response = self.exchange(f"/session?next={wanted}")
            assert response.json() == {"next": expected}
        assert self.exchange("/session?next=http://testserver/a", secure=True).json() == {
            "next": "/account"
        }

    def test_a_planted_session_is_not_taken_over(self) -> None:
        self.client.get("/sign-in")
        planted = self.client.cookies["sessionid"].value
        self.exchange()
        assert self.client.cookies["sessionid"].value != planted
        assert self.client.session["basket"] == "full"
        thief = Client()
        thief.cookies["sessionid"] = planted
        assert self.account(thief) == ""

    def test_another_user_finds_nothing_of_the_one_before(self) -> None:
        self.exchange(token=_token(claims=STAFF))
        self.client.get("/sign-in")
        assert self.account() == "ada True"
        self.exchange(token=_token("grace"))
        assert self.account() == "grace False"
        assert "basket" not in self.client.session

    def test_a_session_ends_with_its_token(self) -> None:
        before = datetime.now(timezone.utc)
        self.exchange(token=_token(expires_in=600))
        ends = self.client.session.get_expiry_date()
        # The leeway is 30 seconds.
        assert abs((ends - before).total_seconds() - 630) < 60
        for saves in (False, True):
            with override_settings(SESSION_SAVE_EVERY_REQUEST=saves):
                self.client.get("/sign-in")
            assert self.client.session.get_expiry_date() == ends
            assert Session.objects.get().expire_date == ends

    def test_a_session_lasts_as_long_as_the_view_says(self) -> None:
        before = datetime.now(timezone.utc)
        assert self.exchange("/session-for-now").status_code == 200
        assert self.account() == ""
        self.exchange("/session-for-hours")
        ends = self.client.session.get_expiry_date()
        assert abs((ends - before).total_seconds() - 7200) < 60

    def test_sessions_without_time_zones_end_as_well(self) -> None:
        with override_settings(USE_TZ=False):
            self.exchange()
            assert self.account() == "ada False"
            self.exchange("/session-for-now")
            assert self.account() == ""

    def test_no_session_is_started_for_somebody_who_acts_as_the_user(self) -> None:
        token = _token(claims={"act": {"sub": "support"}})
        refused = self.exchange(token=token)
        assert refused.status_code == 403
        assert refused.json()["error"]["reason"] == "impersonation"
        assert self.exchange("/session-for-hours", token=token).status_code == 200

    def test_no_password_signs_in(self) -> None:
        User.objects.create_user("ada", password="right")
        assert authenticate(None, username="ada", password="right") is None
        try:
            from django.contrib.auth import aauthenticate
        except ImportError:  # before Django 5.0
            return
        found = async_to_sync(aauthenticate)(None, username="ada", password="right")
        assert found is None

    def test_signing_out_ends_the_session(self) -> None:
        self.exchange()
        assert self.client.post("/sign-out").status_code == 403  # without a CSRF token
        client = Client()
        client.cookies = self.client.cookies
        assert client.post("/sign-out").status_code in (200, 302)
        assert self.account() == ""
        assert Session.objects.exclude(session_data="").count() == 0

    def test_tests_need_no_token(self) -> None:
        with auth_as("grace"):
            assert self.client.post("/session").status_code == 200
        assert self.account() == "grace False"
        other = Client()
        other.force_login(User.objects.get())
        assert self.account(other) == "grace False"

    def test_it_works_behind_the_middleware(self) -> None:
        torii = {**self.torii, "EXEMPT": ["/account", "/sign-in"]}
        chain = ["django.contrib.sessions.middleware.SessionMiddleware"]
        chain += ["django.middleware.csrf.CsrfViewMiddleware"]
        chain += ["django.contrib.auth.middleware.AuthenticationMiddleware", MIDDLEWARE]
        with override_settings(TORII=torii, MIDDLEWARE=chain):
            self.client = Client(enforce_csrf_checks=True)
            assert self.exchange().status_code == 200
            assert self.account() == "ada False"
            assert self.client.post("/session").status_code == 401
            assert self.exchange(origin="https://evil.example").status_code == 403

    def test_it_works_where_django_asks_for_sign_in(self) -> None:
        if django.VERSION < (5, 1):
            return
        middleware = [
            *settings.MIDDLEWARE,
            "django.contrib.auth.middleware.LoginRequiredMiddleware",
        ]
        with override_settings(MIDDLEWARE=middleware):
            self.client = Client(enforce_csrf_checks=True)
            assert self.client.get("/sign-in").status_code == 302
            assert self.exchange().status_code == 200
            assert self.account() == "ada False"

    def test_an_exempt_path_still_needs_a_token(self) -> None:
        view = session_view(exempt=["/session"])
        response: Any = view(RequestFactory().post("/session"))
        assert response.status_code == 401

    def test_it_serves_async_projects(self) -> None:
        async def exchange() -> Any:
            client = AsyncClient(enforce_csrf_checks=True)
            started = await client.post("/session", headers=_bearer(_token()))
            return started, await client.get("/account")

        started, page = async_to_sync(exchange)()
        assert (started.status_code, page.content) == (200, b"ada False")

    def test_audits_call_it_guarded(self) -> None:
        states = {route.path: route.state for route in routes() if route.path.startswith("/sess")}
        assert set(states.values()) == {"guarded"}
        assert len(states) == 4

    def test_the_settings_pass_the_checks(self) -> None:
        assert [each for each in run_checks() if str(each.id).startswith("torii")] == []


class Settings(_Case):
    def _assert_raises(self, pattern: str) -> None:
        with pytest.raises(ConfigurationError, match=pattern):
            self.exchange()

    def test_the_backend_must_be_in_the_settings(self) -> None:
        with override_settings(
            AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.ModelBackend"]
        ):
            self._assert_raises("AUTHENTICATION_BACKENDS")

    def test_there_must_be_a_resolver(self) -> None:
        del self.torii["USER_RESOLVER"]
        self._assert_raises("USER_RESOLVER")

    def test_the_user_must_be_one_of_django(self) -> None:
        self.torii["USER_RESOLVER"] = lambda auth: auth
        self._assert_raises("AUTH_USER_MODEL")

    def test_there_must_be_sessions(self) -> None:
        with override_settings(MIDDLEWARE=[]):
            self.client = Client()
            self._assert_raises("SessionMiddleware")

    def test_sessions_must_not_be_in_cookies(self) -> None:
        with override_settings(SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies"):
            self._assert_raises("SESSION_ENGINE")

    def test_options_are_checked(self) -> None:
        wrong: dict[str, Any]
        for wrong in ({"lifetime": -1}, {"lifetime": "1"}, {"staff": "admin"}, {"leeway": -1}):
            with pytest.raises(ConfigurationError):
                session_view(**wrong)
        for wrong in ({"required": False}, {"roles": "admin"}):
            with pytest.raises(TypeError):
                session_view(**wrong)


class Staff(_Case):
    def test_the_role_in_the_organization_opens_the_admin(self) -> None:
        self.exchange(token=_token(claims=STAFF))
        assert self.account() == "ada True"
        assert self.client.get("/admin/").status_code == 200

    def test_nobody_else_gets_into_the_admin(self) -> None:
        away = self.client.get("/admin/auth/user/")
        assert away["Location"] == "/admin/login/?next=/admin/auth/user/"
        away = self.client.get(away["Location"])
        assert away["Location"] == "/sign-in?next=/admin/auth/user/"
        User.objects.create(username="ada", is_staff=True, is_superuser=True)
        for claims in (
            {},
            {"o": {"id": "org_2", "rol": "admin"}},
            {"o": {"id": "org_1", "rol": "member"}},
        ):
            self.exchange(token=_token(claims=claims))
            assert self.account() == "ada False"
            refused = self.client.get("/admin/", follow=True)
            assert refused.status_code == 403

    def test_each_exchange_says_anew_who_is_staff(self) -> None:
        self.exchange(token=_token(claims=STAFF))
        self.exchange()
        assert self.account() == "ada False"
        self.exchange(token=_token(claims=STAFF))
        self.exchange("/session-for-hours", token=_token(claims=STAFF))
        assert self.account() == "ada False"

    def test_the_row_of_the_user_stays_as_it_is(self) -> None:
        self.exchange(token=_token(claims=STAFF))
        assert User.objects.get().is_staff is False
        other = Client()
        other.post("/session", headers=_bearer(_token()))
        assert self.account(other) == "ada False"

    def test_permissions_are_those_of_django(self) -> None:
        self.exchange(token=_token(claims=STAFF))
        assert self.client.get("/admin/auth/user/").status_code == 403
        permission = Permission.objects.get(codename="view_user")
        User.objects.get().user_permissions.add(permission)
        assert self.client.get("/admin/auth/user/").status_code == 200

    def test_a_session_by_password_is_not_of_staff(self) -> None:
        User.objects.create_user("ada", password="right", is_staff=True)
        both = [
            "torii_backend.django.sessions.ToriiBackend",
            "django.contrib.auth.backends.ModelBackend",
        ]
        with override_settings(AUTHENTICATION_BACKENDS=both):
            self.client.login(username="ada", password="right")
            assert self.account() == "ada False"
            self.exchange(token=_token(claims=STAFF))
            assert self.account() == "ada True"
            self.client.login(username="ada", password="right")
            assert self.account() == "ada False"

    def test_a_user_who_is_not_active_is_not_staff(self) -> None:
        self.exchange(token=_token(claims=STAFF))
        User.objects.update(is_active=False)
        assert self.client.get("/admin/").status_code == 302

    def test_staff_need_not_sign_in_again(self) -> None:
        self.exchange(token=_token(claims=STAFF))
        for target, expected in {
            "": "/admin/",
            "?next=/admin/auth/user/": "/admin/auth/user/",
            "?next=https://evil.example/": "/admin/",
        }.items():
            response = self.client.get(f"/admin/login/{target}")
            assert (response.status_code, response["Location"]) == (302, expected)

    def test_the_sign_in_page_gets_no_foreign_address(self) -> None:
        away = self.client.get("/admin/login/?next=https://evil.example/")
        assert away["Location"] == "/sign-in?next=/admin/"

    def test_a_role_of_any_organization_is_warned_of(self) -> None:
        with self.assertLogs("torii_backend.guard", "WARNING") as logs:
            session_view(staff=Policy(role="admin"))
        assert "any organization" in logs.output[0]

    def test_the_mixin_must_come_first(self) -> None:
        with pytest.raises(ConfigurationError, match="before the other bases of Site"):
            type("Site", (AdminSite, StaffSiteMixin), {})
