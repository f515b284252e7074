"""Minting access tokens, in process and over HTTP."""

from __future__ import annotations

import json
import re
import socket
import time
import uuid
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import jwt
import pytest

if TYPE_CHECKING:
    from torii_backend.emulator import Emulator

    from .conftest import Wire

TEN_YEARS = 10 * 365 * 24 * 60 * 60


def test_a_token_carries_the_standard_claims(torii: Emulator, wire: Wire) -> None:
    before = int(time.time())
    issued = torii.issue_token(user_id="user_ada")
    after = int(time.time())
    claims = wire.verified(issued.access_token)
    iat = claims["iat"]
    assert before <= iat <= after and type(iat) is int
    assert claims == {
        "iss": torii.issuer,
        "sub": "user_ada",
        "pid": torii.environment_id,
        "iat": iat,
        "exp": iat + 300,
        "email_verified": True,
        "profile_complete": True,
        "locale": "en",
    }
    assert issued.expires_at == datetime.fromtimestamp(iat + 300, timezone.utc)
    assert issued.expires_at.utcoffset() == timedelta(0)


def test_the_jws_header_names_algorithm_and_key(torii: Emulator, wire: Wire) -> None:
    header = jwt.get_unverified_header(torii.issue_token().access_token)
    assert header == {"alg": "ES256", "typ": "JWT", "kid": wire.kids()[0]}


def test_pyjwt_accepts_a_token_with_all_its_checks_on(torii: Emulator, wire: Wire) -> None:
    token = torii.issue_token().access_token
    (key,) = jwt.PyJWKSet.from_dict(wire.jwks()).keys
    jwt.decode(token, key.key, algorithms=["ES256"], issuer=torii.issuer)


def test_the_default_user_is_always_the_same_and_looks_like_a_uuid(
    torii: Emulator, wire: Wire
) -> None:
    subjects = {wire.verified(torii.issue_token().access_token)["sub"] for _ in range(2)}
    assert [str(uuid.UUID(subject)) for subject in subjects] == list(subjects)


def test_claims_are_added_and_may_replace_any_standard_claim(torii: Emulator, wire: Wire) -> None:
    claims: dict[str, Any] = {
        "iss": "https://elsewhere.example",
        "sub": 7,
        "pid": None,
        "iat": "yesterday",
        "exp": 1.5,
        "email_verified": "false",
        "profile_complete": [],
        "locale": {"x": "dänisch \ud800"},
        "org_id": "org_1",
        "act": {"sub": "op_1"},
        "huge": 10**30,
    }
    assert wire.verified(torii.issue_token(claims=claims).access_token) == claims


@pytest.mark.parametrize("expires_in", [1, 0, -1, TEN_YEARS, -TEN_YEARS])
def test_a_lifetime_may_be_zero_or_negative(torii: Emulator, wire: Wire, expires_in: int) -> None:
    issued = torii.issue_token(expires_in=expires_in)
    claims = wire.verified(issued.access_token)
    assert claims["exp"] == claims["iat"] + expires_in
    assert issued.expires_at.timestamp() == claims["exp"]


def test_expires_at_ignores_an_exp_set_by_hand(torii: Emulator) -> None:
    issued = torii.issue_token(claims={"exp": 1}, expires_in=60)
    assert issued.expires_at > datetime.now(timezone.utc)


def test_issuing_over_http_with_defaults(torii: Emulator, wire: Wire) -> None:
    for body in (None, "", "{}"):
        response = wire.send("POST", "/_emulator/tokens", body)
        assert response.status == 200
        assert response.headers["Content-Type"] == "application/json"
        assert sorted(response.json()) == ["accessToken", "expiresAt"]
        claims = wire.verified(response.json()["accessToken"])
        default = wire.verified(torii.issue_token().access_token)
        assert claims["sub"] == default["sub"]
        assert claims["exp"] == claims["iat"] + 300


def test_issuing_over_http_with_all_arguments(wire: Wire) -> None:
    body = {"userId": "user_ada", "claims": {"plan": "pro", "n": [1, {}]}, "expiresIn": -5}
    response = wire.post("/_emulator/tokens", body).json()
    claims = wire.verified(response["accessToken"])
    assert (claims["sub"], claims["plan"], claims["n"]) == ("user_ada", "pro", [1, {}])
    exp = datetime.fromtimestamp(claims["iat"] - 5, timezone.utc)
    assert response["expiresAt"] == exp.strftime("%Y-%m-%dT%H:%M:%SZ")


def _cyclic() -> dict[str, Any]:
    claims: dict[str, Any] = {}
    claims["me"] = claims
    return claims


def _deep() -> dict[str, Any]:
    claims: dict[str, Any] = {}
    for _ in range(200_000):
        claims = {"in": claims}
    return claims


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"user_id": 7}, TypeError, "user_id must be a string, such as 'user_ada'."),
        ({"user_id": None}, TypeError, "user_id must be a string, such as 'user_ada'."),
        ({"user_id": ""}, ValueError, "user_id must not be empty, such as 'user_ada'."),
        (
            {"expires_in": True},
            TypeError,
            "expires_in must be a whole number of seconds, such as 300.",
        ),
        (
            {"expires_in": 1.0},
            TypeError,
            "expires_in must be a whole number of seconds, such as 300.",
        ),
        ({"expires_in": TEN_YEARS + 1}, ValueError, "expires_in must be at most ten years"),
        ({"expires_in": -TEN_YEARS - 1}, ValueError, "expires_in must be at most ten years"),
        ({"claims": []}, TypeError, "claims must be a mapping"),
        ({"claims": {1: "x"}}, TypeError, "claims must be a mapping"),
        (
            {"claims": {"x": object()}},
            TypeError,
            "claims must contain JSON values only, such as {'plan': 'pro'}.",
        ),
        ({"claims": {"x": float("nan")}}, ValueError, "claims must be plain JSON"),
        ({"claims": {"x": float("inf")}}, ValueError, "claims must be plain JSON"),
        ({"claims": _cyclic()}, ValueError, "claims must be plain JSON"),
    ],
)
def test_invalid_python_arguments_are_rejected(
    torii: Emulator, arguments: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error) as caught:
        torii.issue_token(**arguments)
    assert type(caught.value) is error
    assert str(caught.value).startswith(sentence)


def test_claims_nested_too_deeply_are_a_value_error(torii: Emulator) -> None:
    with pytest.raises(ValueError, match="deep nesting"):
        torii.issue_token(claims=_deep())


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"userId": 7}, "userId"),
        ({"userId": None}, "userId"),
        ({"userId": ""}, "userId"),
        ({"claims": []}, "claims"),
        ({"claims": None}, "claims"),
        ({"expiresIn": "300"}, "expiresIn"),
        ({"expiresIn": 0.5}, "expiresIn"),
        ({"expiresIn": True}, "expiresIn"),
        ({"expiresIn": 10**400}, "expiresIn"),
        ({"expiresIn": TEN_YEARS + 1}, "expiresIn"),
        ({"user_id": "user_ada"}, "user_id"),
        ({"plan": "pro"}, "plan"),
    ],
)
def test_an_invalid_field_is_named(wire: Wire, body: Any, field: str) -> None:
    response = wire.post("/_emulator/tokens", body)
    assert response.status == 400
    assert response.json()["error"]["code"] == "invalid_request"
    assert re.search(rf"(?<![\w]){field}(?![\w])", response.message)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"null",
        b"[]",
        b'"x"',
        b"{} {}",
        b"\xff\xfe\x00",
        b'{"userId": "\xff"}',
        b'{"\xff": 1}',
        b'{"claims": {"x": "\xc3"}}',
        b'{"expiresIn": NaN}',
        b'{"claims": {"x": Infinity}}',
        b'{"claims": {"x": 1e999}}',
        b'{"claims": {"x": "\\ud800"}}',
        b'{"claims": {"x": ' + b"9" * 10_000 + b"}}",
        b'{"claims": {"x": ' + b"[" * 100_000,
        b'{"claims": {"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_not_a_json_object_is_400(wire: Wire, body: bytes) -> None:
    response = wire.send("POST", "/_emulator/tokens", body)
    assert response.status == 400
    assert response.json()["error"]["code"] == "invalid_request"
    assert response.message


def test_no_depth_of_nesting_breaks_the_server(wire: Wire) -> None:
    for depth in (100, 300, 900, 990, 1_000, 1_100, 5_000, 20_000):
        body = '{"claims": {"x": ' + "[" * depth + "]" * depth + "}}"
        assert wire.send("POST", "/_emulator/tokens", body).status in (200, 400)


def test_a_body_of_one_mebibyte_is_the_largest(wire: Wire) -> None:
    largest = b"{}".ljust(1024 * 1024)
    assert wire.send("POST", "/_emulator/tokens", largest).status == 200
    response = wire.send("POST", "/_emulator/tokens", largest + b" ")
    assert response.status == 413
    assert response.json()["error"]["code"] == "payload_too_large"


def test_a_chunked_body_is_read_and_limited_alike(wire: Wire) -> None:
    small, large = [b'{"userId":', b'"user_ada"}'], [b" " * 65_536] * 17
    response = wire.send("POST", "/_emulator/tokens", iter(small))
    assert wire.verified(response.json()["accessToken"])["sub"] == "user_ada"
    assert wire.send("POST", "/_emulator/tokens", iter(large)).status == 413


def test_a_broken_chunk_is_400(wire: Wire) -> None:
    head = "POST /_emulator/tokens HTTP/1.1\nHost: localhost\nTransfer-Encoding: chunked\n\nzz\n"
    with wire.raw(head) as connection:
        assert connection.makefile("rb").readline() == b"HTTP/1.1 400 BAD REQUEST\r\n"


def test_a_truncated_body_is_400(wire: Wire) -> None:
    head = "POST /_emulator/tokens HTTP/1.1\nHost: localhost\nContent-Length: 9\n\n{}"
    with wire.raw(head) as connection:
        connection.shutdown(socket.SHUT_WR)
        assert connection.makefile("rb").readline() == b"HTTP/1.1 400 BAD REQUEST\r\n"


def test_a_json_body_needs_no_content_type(wire: Wire) -> None:
    body = json.dumps({"userId": "user_ada"})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response = wire.send("POST", "/_emulator/tokens", body, headers)
    assert wire.verified(response.json()["accessToken"])["sub"] == "user_ada"
