"""Sign-in with email and password."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.security import check_password_hash

from tests.emulator.conftest import WATCHDOG
from torii_backend import Verifier
from torii_backend.emulator.store import passwords

from .browser import HINT, PASSWORD, REFRESH, SESSION, Browser, error_code

if TYPE_CHECKING:
    from tests.emulator.rest.api import Api
    from torii_backend.emulator import Emulator

EMAIL = "ada@example.com"
LOGIN = "/_torii/auth/login"
BODY = {"email": EMAIL, "password": PASSWORD}


@pytest.fixture
def ada(api: Api) -> Any:
    """A user whom the REST API created with a password."""
    return api.user(email=EMAIL, password=PASSWORD)


def test_a_user_of_the_rest_api_signs_in_with_the_password(
    torii: Emulator, browser: Browser, ada: Any
) -> None:
    response = browser.login(EMAIL)
    document = browser.ok(response)
    assert sorted(document) == ["accessToken", "expiresAt"]
    auth = Verifier(torii.issuer).verify(document["accessToken"])
    assert (auth.user_id, auth.environment_id) == (ada["id"], torii.environment_id)
    expires_at = datetime.fromisoformat(document["expiresAt"].replace("Z", "+00:00"))
    assert expires_at.timestamp() == auth.claims["exp"]
    assert response.headers["Cache-Control"] == "no-store"


def test_the_cookies_are_torii_s_as_http_allows(browser: Browser, ada: Any) -> None:
    session, hint = browser.login(EMAIL).headers.get_all("Set-Cookie", [])
    assert re.fullmatch(
        r"__client_session=[\w-]{43}; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax", session
    )
    assert re.fullmatch(
        r"__client_session_hint=[0-9]{10}; Path=/; Max-Age=604800; SameSite=Lax", hint
    )
    ends = datetime.fromtimestamp(int(browser.cookies[HINT]), timezone.utc)
    assert str(ends.date()) == browser.client()["session"]["expiresAt"][:10]


@pytest.mark.parametrize("native", ["1", "true"])
def test_a_native_client_gets_the_session_token_in_the_body(
    browser: Browser, ada: Any, native: str
) -> None:
    response = browser.send("POST", f"{LOGIN}?_is_native={native}", BODY)
    document = browser.ok(response)
    assert "Set-Cookie" not in response.headers
    header = {"X-Torii-Session-Token": document["sessionToken"]}
    refreshed = browser.ok(browser.send("POST", REFRESH, None, header))
    assert browser.wire.verified(refreshed["accessToken"])["sub"] == ada["id"]
    logout = browser.send("POST", "/_torii/auth/logout", None, header)
    assert logout.status == 204
    assert browser.send("POST", REFRESH, None, header).status == 401


def test_wrong_passwords_and_unknown_emails_look_alike(browser: Browser, ada: Any) -> None:
    bodies = [
        {**BODY, "password": "wrong horse"},
        {**BODY, "email": "nobody@example.com"},
        {**BODY, "password": ""},
        {**BODY, "password": f"{PASSWORD}\0"},
        {**BODY, "password": "a" * 1_000_000},
    ]
    responses = [browser.send("POST", LOGIN, body) for body in bodies]
    assert {error_code(response, 401) for response in responses} == {"invalid_credentials"}
    assert len({response.body for response in responses}) == 1
    assert browser.cookies == {}


def test_an_unknown_email_costs_a_hash_too(
    browser: Browser, ada: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []

    def check(hashed: str, password: str) -> bool:
        checked.append(password)
        return check_password_hash(hashed, password)

    monkeypatch.setattr(passwords, "check_password_hash", check)
    for body in (BODY, {**BODY, "email": "nobody@example.com"}, {**BODY, "password": "a" * 2000}):
        browser.send("POST", LOGIN, body)
    assert checked == [PASSWORD, PASSWORD]


def test_a_user_without_a_password_cannot_sign_in_with_one(browser: Browser, api: Api) -> None:
    api.user(email=EMAIL)
    assert error_code(browser.login(EMAIL), 401) == "invalid_credentials"


def test_a_banned_user_is_told_so_and_a_deleted_one_is_unknown(
    browser: Browser, api: Api, ada: Any
) -> None:
    api.ok("POST", f"/users/{ada['id']}/ban")
    assert error_code(browser.login(EMAIL), 403) == "user_banned"
    assert error_code(browser.login(EMAIL, "wrong horse"), 401) == "invalid_credentials"
    api.ok("POST", f"/users/{ada['id']}/unban")
    assert browser.login(EMAIL).status == 200
    api.done("DELETE", f"/users/{ada['id']}")
    assert error_code(browser.login(EMAIL), 401) == "invalid_credentials"


def test_users_of_the_other_environment_are_unknown(browser: Browser, torii: Emulator) -> None:
    other = torii.other_environment
    headers = {"Authorization": f"Bearer {other.secret_key}"}
    browser.ok(browser.send("POST", "/api/server/v1/users", BODY, headers), 201)
    assert error_code(browser.login(EMAIL), 401) == "invalid_credentials"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_form_of_another_site_cannot_sign_in(
    browser: Browser, ada: Any, content_type: str
) -> None:
    response = browser.send("POST", LOGIN, BODY, {"Content-Type": content_type})
    assert error_code(response, 415) == "unsupported_media_type"


@pytest.mark.parametrize("body", [{}, {"email": EMAIL}, {"email": 7, "password": PASSWORD}, []])
def test_an_invalid_body_is_a_400(browser: Browser, body: Any) -> None:
    assert error_code(browser.send("POST", LOGIN, body), 400) == "invalid_request"


def test_two_browsers_sign_in_at_once(torii: Emulator, api: Api, ada: Any) -> None:
    browsers = [Browser(torii) for _ in range(8)]
    with ThreadPoolExecutor(len(browsers)) as pool:
        signed_in = [pool.submit(browser.login, EMAIL) for browser in browsers]
        assert {each.result(WATCHDOG).status for each in signed_in} == {200}
    assert len({browser.cookies[SESSION] for browser in browsers}) == len(browsers)
    assert len(api.sessions(ada["id"])) == len(browsers)
    browsers[0].send("POST", "/_torii/auth/logout")
    assert [browser.refresh().status for browser in browsers] == [401] + [200] * 7


def test_a_password_is_kept_as_a_hash(torii: Emulator, ada: Any) -> None:
    with torii._started().database.transaction() as connection:
        ((stored,),) = connection.execute("SELECT hash FROM passwords").fetchall()
    assert stored.startswith("pbkdf2:sha256:")
    assert PASSWORD not in stored


@pytest.mark.parametrize(
    "password",
    ["short", "a" * 1025, "ä" * 513, "a" * 1_000_000, f"{PASSWORD}\0"],
    ids=["short", "1 KB and a byte", "two bytes each", "1 MB", "NUL"],
)
def test_an_unusable_password_is_refused(api: Api, password: str) -> None:
    problem = api.error(400, "POST", "/users", {"email": EMAIL, "password": password})
    assert problem["detail"].startswith("password must ")
    assert api.user(email=EMAIL, password="a" * 1024)["email"] == EMAIL
