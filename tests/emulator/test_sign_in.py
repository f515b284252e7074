"""Users by email address, and the claims that a session keeps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from torii_backend.emulator import Emulator

from .conftest import Response, Wire
from .rest.api import Api, api_of

ADDRESS = "Ada@Example.com"


def _refreshed(wire: Wire, session: Any) -> Response:
    headers = {"X-Torii-Session-Token": session["sessionToken"]}
    return wire.send("POST", "/_torii/auth/session/refresh", None, headers)


def _templated(wire: Wire, token: str, name: str) -> Response:
    headers = {"Authorization": f"Bearer {token}"}
    return wire.send("POST", f"/_torii/auth/session/token?template={name}", None, headers)


def _id_of_token(answer: Any) -> str:
    assert sorted(answer) == ["accessToken", "expiresAt"]
    return str(answer["accessToken"])


def test_a_known_address_names_its_user(torii: Emulator, wire: Wire) -> None:
    ada = api_of(torii).user(email=ADDRESS)
    for address in (ADDRESS, ADDRESS.lower(), ADDRESS.upper()):
        assert wire.verified(torii.issue_token(user_id=address).access_token)["sub"] == ada["id"]
    issued = wire.post("/_emulator/tokens", {"userId": ADDRESS}).json()
    assert wire.verified(_id_of_token(issued))["sub"] == ada["id"]
    session = wire.post("/_emulator/sessions", {"userId": ADDRESS}).json()
    assert session["userId"] == ada["id"]


def test_an_unknown_address_is_said_to_be_unknown(torii: Emulator, wire: Wire) -> None:
    sentence = "must be the id or the email address of a user. No user has this address."
    with pytest.raises(ValueError, match=f"^user_id {sentence}$"):
        torii.issue_token(user_id=ADDRESS)
    for path in ("tokens", "sessions"):
        response = wire.post(f"/_emulator/{path}", {"userId": ADDRESS})
        assert (response.status, response.message) == (400, f"userId {sentence}")


@pytest.mark.parametrize(
    "user_id", ["user_ada", "ada@", "@ada", "ada@localhost", "a b@example.com"]
)
def test_any_other_text_is_the_id_of_an_unknown_user(
    torii: Emulator, wire: Wire, user_id: str
) -> None:
    assert wire.verified(torii.issue_token(user_id=user_id).access_token)["sub"] == user_id


def test_an_address_counts_in_the_first_environment_before_the_other(
    torii: Emulator, wire: Wire
) -> None:
    other = torii.other_environment
    elsewhere = Api(torii.api_url, other.environment_id, other.secret_key)
    theirs = elsewhere.user(email=ADDRESS)
    assert wire.verified(torii.issue_token(user_id=ADDRESS).access_token)["sub"] == theirs["id"]
    ours = api_of(torii).user(email=ADDRESS)
    assert wire.verified(torii.issue_token(user_id=ADDRESS).access_token)["sub"] == ours["id"]


def test_a_banned_or_deleted_user_gets_no_token_by_address(torii: Emulator) -> None:
    api = api_of(torii)
    ada = api.user(email=ADDRESS)
    api.ok("POST", f"/users/{ada['id']}/ban")
    with pytest.raises(ValueError, match="This one is banned"):
        torii.issue_token(user_id=ADDRESS)
    api.done("DELETE", f"/users/{ada['id']}")
    with pytest.raises(ValueError, match="No user has this address"):
        torii.issue_token(user_id=ADDRESS)


def test_all_tokens_of_a_session_have_its_claims(torii: Emulator, wire: Wire) -> None:
    api = api_of(torii)
    ada = api.user(email=ADDRESS)
    organization = api.organization()
    api.join(organization["id"], ada["id"], "admin")
    session = api.admin(
        "/sessions",
        {
            "userId": ada["id"],
            "activeOrganizationId": organization["id"],
            "claims": {"plan": "max", "locale": "xx"},
        },
    )
    again = _refreshed(wire, session).json()["accessToken"]
    for token in (session["accessToken"], again):
        claims = wire.verified(token)
        assert (claims["plan"], claims["locale"], claims["sub"]) == ("max", "xx", ada["id"])
        assert (claims["org_id"], claims["org_role"]) == (organization["id"], "admin")
    (listed,) = api.ok("GET", f"/users/{ada['id']}/sessions")
    assert listed["id"] == session["id"]
    assert "claims" not in listed


@pytest.mark.parametrize("claims", [[], "x", 1, None])
def test_claims_of_a_session_are_an_object(wire: Wire, torii: Emulator, claims: Any) -> None:
    ada = api_of(torii).user(email=ADDRESS)
    response = wire.post("/_emulator/sessions", {"userId": ada["id"], "claims": claims})
    assert response.status == 400
    assert "claims" in response.message


def test_a_session_is_not_refreshed_once_it_is_over(torii: Emulator, wire: Wire) -> None:
    api = api_of(torii)
    ada = api.user(email=ADDRESS)
    revoked, banned = (api.sign_in(ada["id"]) for _ in range(2))
    assert _refreshed(wire, revoked).status == 200
    api.done("DELETE", f"/users/{ada['id']}/sessions/{revoked['id']}")
    assert _refreshed(wire, revoked).status == 401
    assert _refreshed(wire, banned).status == 200
    api.ok("POST", f"/users/{ada['id']}/ban")
    assert _refreshed(wire, banned).status == 401


def test_a_named_template_takes_the_place_of_the_default_one(tmp_path: Path) -> None:
    seed = tmp_path / "seed.json"
    templates = {"default": {"plan": "pro"}, "mcp": {"scope": "tools {{ user.email }}"}}
    seed.write_text(json.dumps({"templates": templates}), "utf-8")
    with Emulator(seed=seed) as torii:
        api, wire = api_of(torii), Wire(torii.issuer)
        ada = api.user(email="ada@example.com")
        signed_in = api.sign_in(ada["id"])["accessToken"]
        assert wire.verified(signed_in)["plan"] == "pro"
        for token in (signed_in, torii.issue_token(user_id=ada["id"]).access_token):
            claims = wire.verified(_templated(wire, token, "mcp").json()["accessToken"])
            assert claims["scope"] == "tools ada@example.com"
            assert "plan" not in claims
            unknown = _templated(wire, token, "other")
            assert (unknown.status, unknown.json()["error"]["code"]) == (404, "template_not_found")
        assert _templated(wire, "no token", "mcp").status == 401
