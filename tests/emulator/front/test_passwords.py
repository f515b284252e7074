"""Forgotten and changed passwords."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .browser import PASSWORD, Browser, error_code

if TYPE_CHECKING:
    from tests.emulator.rest.api import Api
    from torii_backend.emulator import Emulator

EMAIL = "ada@example.com"
NEW = "another horse"
FORGOT = "/_torii/auth/forgot-password"
RESET = "/_torii/auth/reset-password"
CHANGE = "/_torii/auth/change-password"


@pytest.fixture
def ada(api: Api) -> Any:
    return api.user(email=EMAIL, password=PASSWORD)


def test_a_mailed_code_resets_the_password_and_ends_all_sessions(
    torii: Emulator, browser: Browser, ada: Any
) -> None:
    elsewhere = Browser(torii)
    elsewhere.login(EMAIL)
    assert browser.ok(browser.send("POST", FORGOT, {"email": EMAIL.upper()})) == {}
    (message,) = torii.mailbox()
    assert (message.to, message.kind) == (EMAIL, "password_reset")
    body = {"email": EMAIL, "code": message.code, "password": NEW}
    assert browser.ok(browser.send("POST", RESET, body)) == {}
    assert error_code(browser.login(EMAIL), 401) == "invalid_credentials"
    assert browser.login(EMAIL, NEW).status == 200
    assert elsewhere.refresh().status == 401
    assert error_code(browser.send("POST", RESET, body), 400) == "invalid_code"


def test_the_request_tells_nobody_who_has_an_account(
    torii: Emulator, browser: Browser, api: Api, ada: Any
) -> None:
    api.ok("POST", f"/users/{ada['id']}/ban")
    for email in (EMAIL, "nobody@example.com", "not an address"):
        assert browser.ok(browser.send("POST", FORGOT, {"email": email})) == {}
        body = {"email": email, "code": "123456", "password": NEW}
        assert error_code(browser.send("POST", RESET, body), 400) == "invalid_code"
    assert torii.mailbox() == []


def test_a_reset_code_is_locked_after_ten_wrong_tries(
    torii: Emulator, browser: Browser, ada: Any
) -> None:
    browser.send("POST", FORGOT, {"email": EMAIL})
    body = {"email": EMAIL, "code": torii.mailbox()[0].code, "password": NEW}
    for _ in range(10):
        wrong = browser.send("POST", RESET, {**body, "code": "none"})
        assert error_code(wrong, 400) == "invalid_code"
    assert error_code(browser.send("POST", RESET, body), 400) == "code_locked"
    assert browser.login(EMAIL).status == 200


@pytest.mark.parametrize("password", ["short", "a" * 1_000_000], ids=["short", "1 MB"])
def test_an_unusable_password_uses_up_no_code(
    torii: Emulator, browser: Browser, ada: Any, password: str
) -> None:
    browser.send("POST", FORGOT, {"email": EMAIL})
    body = {"email": EMAIL, "code": torii.mailbox()[0].code, "password": password}
    assert error_code(browser.send("POST", RESET, body), 400) == "invalid_request"
    assert browser.ok(browser.send("POST", RESET, {**body, "password": NEW})) == {}


def test_a_change_ends_the_other_sessions(torii: Emulator, browser: Browser, ada: Any) -> None:
    elsewhere = Browser(torii)
    for each in (elsewhere, browser):
        each.login(EMAIL)
    body = {"currentPassword": PASSWORD, "newPassword": NEW}
    wrong = browser.call("POST", CHANGE, {**body, "currentPassword": "wrong horse"})
    assert error_code(wrong, 403) == "wrong_password"
    short = browser.call("POST", CHANGE, {**body, "newPassword": "short"})
    assert error_code(short, 400) == "invalid_request"
    assert error_code(browser.send("POST", CHANGE, body), 401) == "authentication_failed"
    assert browser.ok(browser.call("POST", CHANGE, body)) == {}
    assert (browser.refresh().status, elsewhere.refresh().status) == (200, 401)
    assert browser.login(EMAIL, NEW).status == 200


def test_a_user_without_a_password_cannot_change_it(torii: Emulator, browser: Browser) -> None:
    user = {"userId": browser.signed_up(EMAIL)["id"]}
    grace = browser.ok(browser.send("POST", "/_emulator/sessions", user))
    with torii._started().database.transaction() as connection:
        connection.execute("DELETE FROM passwords")
    browser.token = grace["accessToken"]
    body = {"currentPassword": PASSWORD, "newPassword": NEW}
    assert error_code(browser.call("POST", CHANGE, body), 403) == "wrong_password"
