"""Impersonation: a token for acting as a user, redeemed once at the tenant host."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import pytest

from tests.emulator.conftest import Response
from torii_backend import Verifier

from .api import Api, instant

REDEEM = "/_torii/auth/session/impersonate"


@pytest.fixture
def target(api: Api) -> str:
    return str(api.user(email="ada@example.com")["id"])


@pytest.fixture
def actor(api: Api) -> str:
    return str(api.user(email="operator@example.com")["id"])


def _path(user_id: str) -> str:
    return f"/users/{user_id}/impersonation-token"


def _ask(actor: str, **members: Any) -> dict[str, Any]:
    return {"actorUserId": actor, "reason": "Ticket 7", **members}


def _redeem(api: Api, token: Any) -> Response:
    return api.wire.post(REDEEM, {"token": token})


def test_a_redeemed_token_is_the_user_with_the_actor_in_act(
    api: Api, target: str, actor: str, verifier: Verifier
) -> None:
    issued = api.ok("POST", _path(target), _ask(actor))
    response = _redeem(api, issued["token"])
    assert response.status == 200
    document = response.json()
    assert document.keys() == {"accessToken", "expiresAt"}
    auth = verifier.verify(document["accessToken"])
    assert (auth.user_id, auth.environment_id) == (target, api.environment_id)
    assert auth.impersonating
    assert auth.actor == actor
    assert auth.claims["act"]["sub"] == actor
    assert instant(document["expiresAt"]) == auth.expires_at


def test_the_session_of_an_impersonation_names_the_actor(api: Api, target: str, actor: str) -> None:
    issued = api.ok("POST", _path(target), _ask(actor))
    assert api.sessions(target) == []
    _redeem(api, issued["token"])
    (session,) = api.ok("GET", f"/users/{target}/sessions")
    assert session["impersonatedBy"] == actor
    assert api.sessions(actor) == []


def test_a_token_works_once(api: Api, target: str, actor: str) -> None:
    token = api.ok("POST", _path(target), _ask(actor))["token"]
    assert _redeem(api, token).status == 200
    again = _redeem(api, token)
    assert 400 <= again.status < 500
    assert b"accessToken" not in again.body
    assert len(api.sessions(target)) == 1


def test_an_unknown_token_is_rejected(api: Api, target: str, actor: str) -> None:
    api.ok("POST", _path(target), _ask(actor))
    for token in ("", "made-up", str(uuid4()), None, 7):
        assert 400 <= _redeem(api, token).status < 500
    assert api.sessions(target) == []


@pytest.mark.parametrize("seconds", [60, 61, 599, 600])
def test_the_lifetime_is_the_one_asked_for(api: Api, target: str, actor: str, seconds: int) -> None:
    issued = api.ok("POST", _path(target), _ask(actor, expiresInSeconds=seconds))
    assert issued["expiresInSeconds"] == seconds


@pytest.mark.parametrize("members", [{}, {"expiresInSeconds": None}])
def test_the_default_lifetime_is_600_seconds(
    api: Api, target: str, actor: str, members: dict[str, Any]
) -> None:
    assert api.ok("POST", _path(target), _ask(actor, **members))["expiresInSeconds"] == 600


@pytest.mark.parametrize("seconds", [59, 601, 0, -60, 10**12, 60.5, "60", True])
def test_a_lifetime_outside_of_60_to_600_is_rejected(
    api: Api, target: str, actor: str, seconds: Any
) -> None:
    api.error(400, "POST", _path(target), _ask(actor, expiresInSeconds=seconds))


@pytest.mark.parametrize("letter", ["a", "é", "𝄞"])
def test_a_reason_has_at_most_500_characters(
    api: Api, target: str, actor: str, letter: str
) -> None:
    assert api.ok("POST", _path(target), _ask(actor, reason=letter * 500))["token"]
    api.error(400, "POST", _path(target), _ask(actor, reason=letter * 501))


def test_a_reason_may_be_empty(api: Api, target: str, actor: str) -> None:
    assert api.ok("POST", _path(target), _ask(actor, reason=""))["token"]


@pytest.mark.parametrize("member", ["actorUserId", "reason"])
def test_the_actor_and_the_reason_are_needed(
    api: Api, target: str, actor: str, member: str
) -> None:
    body = _ask(actor)
    del body[member]
    api.error(400, "POST", _path(target), body)
    api.error(400, "POST", _path(target), {**body, member: None})


def test_the_landing_page_must_be_on_an_allowed_origin(api: Api, target: str, actor: str) -> None:
    body = _ask(actor, redirectUrl="https://app.example/after?x=1")
    api.error(400, "POST", _path(target), body)
    api.ok("PUT", "/allowed-origins", {"origins": ["https://app.example"]})
    issued = api.ok("POST", _path(target), body)
    assert quote(issued["token"], safe="") in issued["url"]
    for elsewhere in (
        "https://app.example.evil.example/",
        "https://app.example@evil.example/",
        "http://app.example/",
        "https://app.example:8443/",
        "//app.example/",
        "app.example",
        "not a url",
        "",
    ):
        api.error(400, "POST", _path(target), _ask(actor, redirectUrl=elsewhere))


def test_the_landing_page_may_be_in_an_app(api: Api, target: str, actor: str) -> None:
    page = "capacitor://localhost/x"
    api.error(400, "POST", _path(target), _ask(actor, redirectUrl=page))
    api.ok("PUT", "/allowed-origins", {"origins": ["capacitor://localhost", "https://app.example"]})
    for allowed in (page, "capacitor://localhost", "Capacitor://localhost?x=1#y"):
        assert api.ok("POST", _path(target), _ask(actor, redirectUrl=allowed))["url"]
    for elsewhere in (
        "ionic://localhost/x",
        "http://localhost/x",
        "capacitor://app.example/x",
        "capacitor://localhost:80/x",
        "capacitor://localhost.evil.example/x",
        "capacitor://localhost@evil.example/x",
        "capacitor://me@localhost/x",
        "capacitor://localhost\\@evil.example/x",
        "capacitor://localhost\n.evil.example/x",
        "capacitor://",
        "capacitor:///x",
        "capacitor:localhost/x",
        "capacitor:/localhost/x",
        "javascript:alert(1)",
        "javascript://localhost/%0aalert(1)",
        "data:text/html,x",
        "data://localhost/text/html,x",
    ):
        api.error(400, "POST", _path(target), _ask(actor, redirectUrl=elsewhere))


@pytest.mark.parametrize("page", ["https://app.example/after?x=1", "capacitor://localhost/x"])
def test_the_link_uses_up_the_token_and_redirects_to_the_landing_page(
    api: Api, target: str, actor: str, page: str
) -> None:
    api.ok("PUT", "/allowed-origins", {"origins": ["https://app.example", "capacitor://localhost"]})
    issued = api.ok("POST", _path(target), _ask(actor, redirectUrl=page))
    link = urlsplit(issued["url"])
    assert api.wire.send("HEAD", f"{link.path}?{link.query}").status == 400
    prefetch = {"Sec-Purpose": "prefetch;prerender"}
    assert api.wire.send("GET", f"{link.path}?{link.query}", None, prefetch).status == 400
    response = api.wire.get(f"{link.path}?{link.query}")
    assert 300 <= response.status < 400
    assert response.headers["Location"] == page
    assert len(api.sessions(target)) == 1
    assert 400 <= _redeem(api, issued["token"]).status < 500


def test_a_token_without_a_landing_page_has_no_link(api: Api, target: str, actor: str) -> None:
    assert api.ok("POST", _path(target), _ask(actor)).get("url") is None


def test_a_deleted_user_cannot_be_impersonated(api: Api, target: str, actor: str) -> None:
    api.done("DELETE", f"/users/{target}")
    api.error(400, "POST", _path(target), _ask(actor))


@pytest.mark.parametrize("whose", ["foreign", "unknown"])
def test_a_foreign_or_unknown_user_or_actor_gets_403(
    api: Api, elsewhere: Api, target: str, actor: str, whose: str
) -> None:
    foreign_or_unknown = elsewhere.user()["id"] if whose == "foreign" else str(uuid4())
    api.error(403, "POST", _path(foreign_or_unknown), _ask(actor))
    api.error(403, "POST", _path(target), _ask(foreign_or_unknown))


def test_a_token_of_a_user_banned_later_is_rejected(api: Api, target: str, actor: str) -> None:
    token = api.ok("POST", _path(target), _ask(actor))["token"]
    api.ok("POST", f"/users/{target}/ban")
    assert 400 <= _redeem(api, token).status < 500
    assert api.sessions(target) == []
