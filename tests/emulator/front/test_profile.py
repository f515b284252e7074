"""The user's own profile and sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .browser import Browser, error_code

if TYPE_CHECKING:
    from tests.emulator.rest.api import Api
    from torii_backend.emulator import Emulator

EMAIL = "ada@example.com"
ME = "/_torii/users/me"


@pytest.fixture
def ada(browser: Browser) -> Any:
    return browser.signed_up(EMAIL)


def test_a_user_changes_their_profile(
    torii: Emulator, browser: Browser, api: Api, ada: Any
) -> None:
    torii.webhooks.register("http://127.0.0.1:9/")  # nothing listens there
    body = {"firstName": "<img src=x>", "locale": "da", "unsafeMetadata": {"theme": "dark"}}
    changed = browser.ok(browser.call("PATCH", ME, body))
    assert changed == {**ada, **body, "name": "<img src=x>"}
    assert browser.client()["user"] == changed
    assert api.read(ada["id"])["unsafeMetadata"] == {"theme": "dark"}
    cleared = {"firstName": None, "unsafeMetadata": {"theme": None}}
    changed = browser.ok(browser.call("PATCH", ME, cleared))
    assert (changed["name"], changed["locale"], changed["unsafeMetadata"]) == (None, "da", {})
    types = [delivery.event["type"] for delivery in torii.webhooks.deliveries()]
    assert types == ["user.updated", "user.updated"]


def test_what_only_servers_set_stays(browser: Browser, api: Api, ada: Any) -> None:
    before = api.read(ada["id"])
    body = {"publicMetadata": {"role": "admin"}, "privateMetadata": {"a": 1}, "status": "x"}
    browser.ok(browser.call("PATCH", ME, {**body, "email": "x@example.com", "id": "x"}))
    assert api.read(ada["id"]) == before


@pytest.mark.parametrize(
    "body", [{"locale": "xx"}, {"firstName": 7}, {"unsafeMetadata": {"k": "a" * 9000}}]
)
def test_an_invalid_profile_is_a_400(browser: Browser, ada: Any, body: Any) -> None:
    assert browser.call("PATCH", ME, body).status == 400


def test_a_user_sees_and_ends_their_sessions(
    torii: Emulator, browser: Browser, api: Api, ada: Any
) -> None:
    elsewhere = Browser(torii)
    elsewhere.login(EMAIL)
    listed = browser.ok(browser.call("GET", f"{ME}/sessions"))
    assert sorted(listed[0]) == [
        *("activeOrganizationId", "createdAt", "current", "expiresAt"),
        *("id", "ipAddress", "lastUsedAt", "userAgent"),
    ]
    assert {each["id"] for each in listed} == set(api.sessions(ada["id"]))
    (current,) = (each["id"] for each in listed if each["current"])
    (other,) = (each["id"] for each in listed if not each["current"])
    response = browser.call("DELETE", f"{ME}/sessions/{other}")
    assert (response.status, response.body) == (204, b"")
    assert elsewhere.refresh().status == 401
    assert browser.call("DELETE", f"{ME}/sessions/{current}").status == 204
    assert "Set-Cookie" not in response.headers


def test_sessions_of_others_are_unknown(torii: Emulator, browser: Browser, ada: Any) -> None:
    grace = Browser(torii)
    grace.signed_up("grace@example.com")
    (session,) = grace.ok(grace.call("GET", f"{ME}/sessions"))
    for session_id in (session["id"], "unknown"):
        response = browser.call("DELETE", f"{ME}/sessions/{session_id}")
        assert error_code(response, 404) == "session_not_found"
    assert grace.refresh().status == 200


def test_a_token_without_a_session_knows_its_user(
    torii: Emulator, browser: Browser, ada: Any
) -> None:
    browser.token = torii.issue_token(user_id=ada["id"]).access_token
    assert browser.ok(browser.call("PATCH", ME, {}))["id"] == ada["id"]
    (session,) = browser.ok(browser.call("GET", f"{ME}/sessions"))
    assert session["current"] is False


def test_only_a_token_that_verifies_is_taken(torii: Emulator, browser: Browser, ada: Any) -> None:
    def issued(user_id: str = ada["id"], expires_in: int = 60, **claims: Any) -> str:
        token = torii.issue_token(user_id=user_id, claims=claims, expires_in=expires_in)
        return token.access_token

    header, payload, signature = issued().split(".")
    tokens = {
        "expired": issued(expires_in=-1),
        "of an unknown user": issued("user_ada"),
        "of another issuer": issued(iss="https://acme.torii.so"),
        "forged": f"{header}.{payload}.{signature[::-1][:-1]}A",
        "none": "none",
        "huge": "a" * 20_000,
        "not a token": "a.b.c",
    }
    for name, token in tokens.items():
        browser.token = token
        assert error_code(browser.call("PATCH", ME, {}), 401) == "authentication_failed", name
    browser.token = issued()
    torii.rotate_keys(withdraw=True)
    assert error_code(browser.call("PATCH", ME, {}), 401) == "authentication_failed"


def test_the_cookie_alone_is_not_enough(browser: Browser, ada: Any) -> None:
    for method, path in (
        ("PATCH", ME),
        ("GET", f"{ME}/sessions"),
        ("GET", "/_torii/organizations"),
    ):
        response = browser.send(method, path, {} if method == "PATCH" else None)
        assert error_code(response, 401) == "authentication_failed"
