"""Sign-up: a code goes to the mailbox, and the right one makes an account and a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from .browser import PASSWORD, Browser, error_code

if TYPE_CHECKING:
    from tests.emulator.rest.api import Api
    from torii_backend.emulator import Emulator

EMAIL = "ada@example.com"
SIGN_UP = "/_torii/auth/signup"
INVITED = "/_torii/auth/invitation/password-signup"
BODY = {"email": EMAIL, "password": PASSWORD}


def _wrong(code: Any) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def test_the_code_makes_a_user_and_a_session(torii: Emulator, browser: Browser, api: Api) -> None:
    started = browser.sign_up(EMAIL, firstName="Ada", lastName="<script>alert(1)</script>")
    assert sorted(started) == ["email", "token"]
    assert started["email"] == EMAIL
    assert api.found() == set()
    (message,) = torii.mailbox()
    assert (message.to, message.kind, message.link) == (EMAIL, "sign_up", None)
    assert message.code is not None and message.code.isdigit() and len(message.code) == 6
    document = browser.ok(browser.verify(started))
    assert sorted(document) == ["accessToken", "expiresAt"]
    client = browser.client()
    assert client["authenticated"] is True
    assert client["user"]["emailVerified"] is True
    assert client["user"]["name"] == "Ada <script>alert(1)</script>"
    assert api.found() == {client["user"]["id"]} == {browser.claims()["sub"]}
    assert browser.claims()["email_verified"] is True
    assert browser.login(EMAIL).status == 200


def test_a_code_works_once_and_with_its_own_token(torii: Emulator, browser: Browser) -> None:
    first, other = browser.sign_up(EMAIL), browser.sign_up("grace@example.com")
    code = torii.mailbox()[0].code
    assert error_code(browser.verify(other, code), 400) == "invalid_code"
    assert error_code(browser.verify({"token": "unknown"}, code), 400) == "invalid_code"
    assert browser.verify(first, code).status == 200
    assert error_code(browser.verify(first, code), 400) == "invalid_code"


def test_a_code_is_locked_after_ten_wrong_tries(torii: Emulator, browser: Browser) -> None:
    started = browser.sign_up(EMAIL)
    code = torii.mailbox()[0].code
    wrong = _wrong(code)
    codes = [error_code(browser.verify(started, wrong), 400) for _ in range(1000)]
    assert codes == ["invalid_code"] * 10 + ["code_locked"] * 990
    assert error_code(browser.verify(started, code), 400) == "code_locked"
    assert browser.client()["authenticated"] is False
    assert browser.ok(browser.verify(browser.sign_up(EMAIL)))


def test_nine_wrong_tries_lock_nothing(torii: Emulator, browser: Browser) -> None:
    started = browser.sign_up(EMAIL)
    code = torii.mailbox()[0].code
    for sent in [_wrong(code)] * 5 + ["", "x", "٣٣٣٣٣٣", "1" * 10_000]:
        assert error_code(browser.verify(started, sent), 400) == "invalid_code"
    assert browser.verify(started, code).status == 200


def test_a_code_expires_after_ten_minutes(torii: Emulator, browser: Browser) -> None:
    started = browser.sign_up(EMAIL)
    torii.advance(600)
    assert error_code(browser.verify(started), 400) == "invalid_code"


def test_of_two_who_sign_up_with_an_address_one_gets_it(
    torii: Emulator, browser: Browser, api: Api
) -> None:
    first, second = browser.sign_up(EMAIL), browser.sign_up(EMAIL.upper())
    codes = [message.code for message in torii.mailbox()]
    assert browser.verify(first, codes[0]).status == 200
    assert error_code(browser.verify(second, codes[1]), 409) == "email_taken"
    assert error_code(browser.send("POST", SIGN_UP, BODY), 409) == "email_taken"
    assert len(api.found()) == 1


@pytest.mark.parametrize(
    "change",
    [{"email": "ada"}, {"password": "short"}, {"password": "a" * 1_000_000}, {"firstName": 7}],
    ids=["email", "short", "1 MB", "name"],
)
def test_an_invalid_sign_up_is_a_400(browser: Browser, change: dict[str, Any]) -> None:
    response = browser.send("POST", SIGN_UP, {**BODY, **change})
    assert error_code(response, 400) == "invalid_request"
    assert browser.torii.mailbox() == []


def test_consent_and_closed_sign_ups_can_be_staged(browser: Browser) -> None:
    admin = "/_emulator/sign-up"
    browser.ok(browser.send("POST", admin, {"legalConsentRequired": True}))
    assert browser.ok(browser.send("GET", "/_torii/environment"))["legal"] == {
        "consentRequired": True
    }
    refused = browser.send("POST", SIGN_UP, BODY)
    assert error_code(refused, 422) == "legal_consent_required"
    assert browser.ok(browser.verify(browser.sign_up(EMAIL, legalConsent=True)))
    browser.ok(browser.send("POST", admin, {"enabled": False}))
    assert browser.ok(browser.send("GET", "/_torii/environment"))["signupEnabled"] is False
    assert error_code(browser.send("POST", SIGN_UP, BODY), 403) == "signup_disabled"
    browser.torii.reset()
    assert browser.sign_up(EMAIL)


def test_a_sign_up_publishes_its_user_and_so_does_a_deletion(
    torii: Emulator, browser: Browser, api: Api
) -> None:
    torii.webhooks.register("http://127.0.0.1:9/")  # nothing listens there
    user = browser.signed_up(EMAIL)
    api.done("DELETE", f"/users/{user['id']}")
    types = [delivery.event["type"] for delivery in torii.webhooks.deliveries()]
    assert types == ["user.created", "session.revoked", "user.deleted"]


def test_an_invitation_is_accepted_with_the_ticket_of_its_link(
    torii: Emulator, browser: Browser, api: Api
) -> None:
    invited = api.invite(
        EMAIL, redirectUrl="http://localhost:3000/join?a=1", publicMetadata={"plan": "pro"}
    )
    (message,) = torii.mailbox()
    assert (message.to, message.kind, message.code) == (EMAIL, "invitation", None)
    link = urlsplit(message.link or "")
    query = parse_qs(link.query)
    assert (link.netloc, link.path, query["a"]) == ("localhost:3000", "/join", ["1"])
    body = {"ticket": query["ticket"][0], "password": PASSWORD, "firstName": "Ada"}
    browser.ok(browser.send("POST", INVITED, body))
    user = browser.client()["user"]
    assert (user["email"], user["emailVerified"], user["name"]) == (EMAIL, True, "Ada")
    assert user["publicMetadata"] == {"plan": "pro"}
    assert api.ok("GET", f"/invitations/{invited['id']}")["status"] == "ACCEPTED"
    assert error_code(browser.send("POST", INVITED, body), 400) == "invalid_ticket"


def test_a_revoked_invitation_has_no_use(torii: Emulator, browser: Browser, api: Api) -> None:
    invited = api.invite(EMAIL)
    api.ok("POST", f"/invitations/{invited['id']}/resend")
    links = [urlsplit(message.link or "") for message in torii.mailbox()]
    assert [link.path for link in links] == [INVITED] * 2
    tickets = [parse_qs(link.query)["ticket"][0] for link in links]
    assert tickets[0] != tickets[1]
    assert api.request("DELETE", f"/invitations/{invited['id']}").status == 200
    for ticket in (*tickets, "unknown"):
        response = browser.send("POST", INVITED, {"ticket": ticket, "password": PASSWORD})
        assert error_code(response, 400) == "invalid_ticket"
