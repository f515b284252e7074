"""The session: refresh, logout, cookies, and what ends it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from torii_backend import ConfigurationError
from torii_backend.emulator import Emulator
from torii_backend.emulator.store import users

from .browser import HINT, PASSWORD, REFRESH, SESSION, Browser, error_code

if TYPE_CHECKING:
    from tests.emulator.rest.api import Api

EMAIL = "ada@example.com"
LOGOUT = "/_torii/auth/logout"
ME = "/_torii/users/me"


@pytest.fixture
def ada(browser: Browser) -> Any:
    """A user who is signed in."""
    return browser.signed_up(EMAIL)


def test_a_refresh_reflects_the_record_of_now(browser: Browser, api: Api, ada: Any) -> None:
    first = browser.claims()
    api.ok("PATCH", f"/users/{ada['id']}", {"locale": "da"})
    document = browser.ok(browser.refresh())
    assert sorted(document) == ["accessToken", "expiresAt"]
    assert ("locale" in first, browser.claims()["locale"]) == (False, "da")
    assert browser.claims()["sub"] == ada["id"]
    assert len(api.sessions(ada["id"])) == 1


def test_a_refresh_needs_a_session(torii: Emulator, browser: Browser, ada: Any) -> None:
    assert error_code(Browser(torii).refresh(), 401) == "session_ended"
    for cookies in ({SESSION: ""}, {SESSION: "x" * 5000}, {SESSION: '"\\'}, {HINT: "1"}):
        browser.cookies = cookies
        assert error_code(browser.refresh(), 401) == "session_ended"


@pytest.mark.parametrize("how", ["ban", "deletion", "revocation", "all", "own", "password"])
def test_what_ends_a_session_ends_its_refresh_at_once(
    torii: Emulator, browser: Browser, api: Api, ada: Any, how: str
) -> None:
    (session,) = api.sessions(ada["id"])
    if how == "ban":
        api.ok("POST", f"/users/{ada['id']}/ban")
    elif how == "deletion":
        api.done("DELETE", f"/users/{ada['id']}")
    elif how == "revocation":
        api.done("DELETE", f"/users/{ada['id']}/sessions/{session}")
    elif how == "all":
        api.done("DELETE", f"/users/{ada['id']}/sessions")
    elif how == "own":
        assert browser.call("DELETE", f"{ME}/sessions/{session}").status == 204
    else:
        browser.send("POST", "/_torii/auth/forgot-password", {"email": EMAIL})
        body = {"email": EMAIL, "code": torii.mailbox()[-1].code, "password": "another horse"}
        browser.ok(browser.send("POST", "/_torii/auth/reset-password", body))
    assert error_code(browser.refresh(), 401) == "session_ended"
    assert browser.client()["authenticated"] is False
    # Nor can its last access token be exchanged for another one.
    for method, path in (("PATCH", ME), ("POST", "/_torii/auth/session/token?template=x")):
        assert error_code(browser.call(method, path, {}), 401) == "authentication_failed"


def test_a_session_lasts_seven_days(browser: Browser, ada: Any) -> None:
    week = 7 * 24 * 60 * 60
    browser.torii.advance(week - 60)
    assert browser.refresh().status == 200
    assert browser.call("PATCH", ME, {}).status == 200
    browser.torii.advance(60)
    assert browser.refresh().status == 401
    assert browser.call("PATCH", ME, {}).status == 401


def test_a_lifted_ban_does_not_revive_a_session(browser: Browser, api: Api, ada: Any) -> None:
    for change in ("ban", "unban"):
        api.ok("POST", f"/users/{ada['id']}/{change}")
    assert browser.refresh().status == 401
    assert browser.login(EMAIL).status == 200


def test_a_logout_ends_the_session_and_clears_both_cookies(
    browser: Browser, api: Api, ada: Any
) -> None:
    kept = dict(browser.cookies)
    response = browser.send("POST", LOGOUT)
    assert (response.status, response.body, browser.cookies) == (204, b"", {})
    assert api.sessions(ada["id"]) == []
    browser.cookies = kept
    assert browser.refresh().status == 401
    assert browser.send("POST", LOGOUT).status == 204
    assert browser.cookies == {}


def test_a_cookie_of_another_emulator_is_ignored_and_left_alone(
    torii: Emulator, browser: Browser, ada: Any
) -> None:
    with Emulator() as other:
        foreign = Browser(other)
        foreign.signed_up(EMAIL)
        stranger = Browser(torii)
        stranger.cookies = dict(foreign.cookies)
        assert stranger.client()["authenticated"] is False
        assert stranger.refresh().status == 401
        assert stranger.send("POST", LOGOUT).status == 204
        assert stranger.cookies == foreign.cookies
        assert foreign.refresh().status == 200
        # Of two cookies with the same name, the one that is known counts.
        both = f"{SESSION}={foreign.cookies[SESSION]}; {SESSION}={browser.cookies[SESSION]}"
        assert browser.send("POST", REFRESH, None, {"Cookie": both}).status == 200
        many = "; ".join([f"{SESSION}={foreign.cookies[SESSION]}"] * 500)
        assert browser.send("POST", REFRESH, None, {"Cookie": many}).status == 401


def test_after_a_reset_nobody_is_signed_in(torii: Emulator, browser: Browser, ada: Any) -> None:
    torii.reset()
    assert browser.refresh().status == 401
    assert browser.client()["authenticated"] is False


def test_the_header_counts_more_than_the_cookie(browser: Browser, ada: Any) -> None:
    response = browser.send("POST", REFRESH, None, {"X-Torii-Session-Token": "unknown"})
    assert error_code(response, 401) == "session_ended"


def test_sessions_and_their_tokens_outlive_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "torii.db"
    with Emulator(db=file) as torii:
        browser = Browser(torii)
        browser.signed_up(EMAIL)
        assert browser.cookies[SESSION].encode() not in file.read_bytes()
    assert browser.cookies[SESSION].encode() not in file.read_bytes()
    assert PASSWORD.encode() not in file.read_bytes()
    with Emulator(db=file) as torii:
        again = Browser(torii)
        again.cookies = browser.cookies
        assert again.refresh().status == 200
        assert again.login(EMAIL).status == 200


def test_the_path_of_the_refresh_can_be_chosen() -> None:
    with Emulator(refresh_path="/_torii/client/renew") as torii:
        browser = Browser(torii)
        browser.signed_up(EMAIL)
        assert browser.send("POST", REFRESH).status == 404
        assert browser.send("POST", "/_torii/client/renew").status == 200


@pytest.mark.parametrize(
    "path",
    [
        *("", "/refresh", "_torii/x", "/_torii", "/_torii/", "/_torii//x", "/_torii/../x", 7),
        *("/_torii/{id}", "/_torii/x?y", "/_torii/client", "/_torii/users/me/sessions/x"),
    ],
)
def test_a_path_that_cannot_be_that_of_the_refresh_is_rejected(path: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^refresh_path must be .*\.$"):
        Emulator(refresh_path=path)


def test_an_impersonation_in_a_browser_is_a_session_of_its_own(browser: Browser, api: Api) -> None:
    user, actor = api.user(email=EMAIL), api.user()
    api.ok("PUT", "/allowed-origins", {"origins": ["https://app.example"]})
    body = {"actorUserId": actor["id"], "reason": "7", "redirectUrl": "https://app.example/x"}
    url = api.ok("POST", f"/users/{user['id']}/impersonation-token", body)["url"]
    path = url.partition(browser.torii.issuer)[2]
    assert browser.send("HEAD", path).status == 400
    response = browser.send("GET", path)
    assert (response.status, response.headers["Location"]) == (302, "https://app.example/x")
    assert "Max-Age=3600" in response.headers["Set-Cookie"]
    assert browser.refresh().status == 200
    claims = browser.claims()
    assert (claims["sub"], claims["act"]) == (user["id"], {"sub": actor["id"]})


def test_the_issuer_alone_decides_whether_cookies_need_https(torii: Emulator) -> None:
    lie = {"Forwarded": "proto=https", "X-Forwarded-Proto": "https", "X-Forwarded-Ssl": "on"}
    with Emulator(issuer="https://auth.example.test") as public:
        for emulator, attributes in (
            (torii, "SameSite=Lax"),
            (public, "Secure; SameSite=None; Partitioned"),
        ):
            browser = Browser(emulator)
            browser.signed_up(EMAIL)
            body = {"email": EMAIL, "password": PASSWORD}
            signed_in = browser.send("POST", "/_torii/auth/login", body, lie)
            signed_out = browser.send("POST", LOGOUT, None, lie)
            for response in (signed_in, signed_out):
                session, hint = response.headers.get_all("Set-Cookie", [])
                assert session.endswith(f"; HttpOnly; {attributes}")
                assert hint.endswith(f"; {attributes}")


def test_a_ban_alone_ends_the_refresh(torii: Emulator, browser: Browser, ada: Any) -> None:
    # Every other way to ban a user also revokes the sessions.
    with torii._started().database.transaction() as connection:
        user = users.find(connection, ada["id"])
        assert user is not None
        users.change(connection, user, status="banned")
    assert browser.refresh().status == 401
    assert browser.call("PATCH", ME, {}).status == 401
