"""Tokens of an independent issuer, in every function that verifies."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine
from datetime import datetime, timezone
from typing import Any, Callable

import pytest

from tests.support.issuer import Issuer, SigningKey
from tests.support.jwks_server import JwksServer
from torii_backend import (
    Auth,
    InvalidToken,
    KeysUnavailable,
    Verifier,
    authenticate_request,
    authenticate_request_async,
    verify_token,
    verify_token_async,
)
from torii_backend._verify import verifier_pool
from torii_backend._verify.verifier_pool import MAX_VERIFIERS
from torii_backend.emulator import Emulator

Check = Callable[[str, str], Auth]


def run(coroutine: Coroutine[Any, Any, Auth]) -> Auth:
    return asyncio.run(coroutine)


WAYS: dict[str, Check] = {
    "Verifier.verify": lambda issuer, token: Verifier(issuer).verify(token),
    "Verifier.verify_async": lambda issuer, token: run(Verifier(issuer).verify_async(token)),
    "verify_token": lambda issuer, token: verify_token(token, issuer=issuer),
    "verify_token_async": lambda issuer, token: run(verify_token_async(token, issuer=issuer)),
    "authenticate_request": lambda issuer, token: authenticate_request(
        {"Authorization": f"Bearer {token}"}, issuer=issuer
    ),
    "authenticate_request_async": lambda issuer, token: run(
        authenticate_request_async({"Authorization": f"Bearer {token}"}, issuer=issuer)
    ),
}


@pytest.fixture(params=list(WAYS.values()), ids=list(WAYS))
def check(request: pytest.FixtureRequest) -> Check:
    way: Check = request.param
    return way


def token_of(server: JwksServer, key: SigningKey, **changes: Any) -> str:
    now = int(time.time())
    return Issuer(server.issuer, key).token(**{"iat": now, "exp": now + 300, **changes})


def test_a_good_token_becomes_an_auth(server: JwksServer, key: SigningKey, check: Check) -> None:
    issued = int(time.time())
    token = token_of(server, key, iat=issued, exp=issued + 300)
    auth = check(server.issuer, token)
    assert type(auth) is Auth
    assert (auth.user_id, auth.environment_id, auth.issuer) == ("user_ada", "env_1", server.issuer)
    assert auth.issued_at == datetime.fromtimestamp(issued, timezone.utc)
    assert auth.expires_at == datetime.fromtimestamp(issued + 300, timezone.utc)
    assert [request.path for request in server.requests] == ["/_torii/.well-known/jwks.json"]


def test_every_function_raises_for_an_expired_token(
    server: JwksServer, key: SigningKey, check: Check
) -> None:
    expired = token_of(server, key, exp=int(time.time()) - 31)
    with pytest.raises(InvalidToken) as caught:
        check(server.issuer, expired)
    assert caught.value.reason == "expired"


def test_a_token_may_be_bytes(server: JwksServer, key: SigningKey) -> None:
    assert verify_token(token_of(server, key).encode(), issuer=server.issuer).user_id == "user_ada"


def test_calls_with_equal_settings_share_their_keys(server: JwksServer, key: SigningKey) -> None:
    token = token_of(server, key)
    verify_token(token, issuer=server.issuer)
    verify_token(token.encode(), issuer=str(server.issuer), leeway=30.0)
    authenticate_request({b"authorization": f"Bearer {token}"}, issuer=server.issuer)
    assert len(server.requests) == 1
    for spelling in ([server.issuer], (server.issuer,), [server.issuer]):
        verify_token(token, issuer=spelling)
    assert len(server.requests) == 1


def test_calls_with_other_settings_do_not_share_a_verifier(
    server: JwksServer, key: SigningKey
) -> None:
    token = token_of(server, key, aud="app")
    verify_token(token, issuer=server.issuer, audience="app")
    with pytest.raises(InvalidToken):
        verify_token(token, issuer=server.issuer, audience="other")
    with pytest.raises(InvalidToken):
        verify_token(
            token_of(server, key, exp=int(time.time()) - 2), issuer=server.issuer, leeway=0
        )


def test_the_issuer_comes_from_the_environment(
    server: JwksServer, key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORII_ISSUER", f" https://other.example , {server.issuer}/ ")
    token = token_of(server, key)
    assert verify_token(token).issuer == server.issuer
    assert authenticate_request({"authorization": f"Bearer {token}"}).issuer == server.issuer
    assert Verifier().issuers == ("https://other.example", server.issuer)
    monkeypatch.setenv("TORII_ISSUER", "https://other.example")
    with pytest.raises(InvalidToken) as caught:
        verify_token(token)
    assert caught.value.reason == "wrong_issuer"


def test_a_full_pool_drops_a_verifier_but_not_its_keys(server: JwksServer, key: SigningKey) -> None:
    token = token_of(server, key)
    auth = verify_token(token, issuer=server.issuer)
    for leeway in range(100, 100 + MAX_VERIFIERS):
        with pytest.raises(InvalidToken):
            verify_token("", issuer=server.issuer, leeway=leeway)
    assert verify_token(token, issuer=server.issuer) is not auth
    assert len(server.requests) == 1


def test_forged_tokens_for_more_tenants_than_the_pool_has_room_for(
    server: JwksServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifier_pool, "MAX_VERIFIERS", 8)
    tenants, forger = range(20), SigningKey("forged")
    began = time.monotonic()
    for _ in range(15):
        for number in tenants:
            tenant = f"{server.issuer}/{number}"
            with pytest.raises((InvalidToken, KeysUnavailable)):
                verify_token(Issuer(tenant, forger).token(), issuer=tenant)
    seconds = time.monotonic() - began
    assert len(server.requests) <= len(tenants) * (4 + seconds / 5)


def test_the_keys_of_many_tenants_take_bounded_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifier_pool, "MAX_KEYSTORES", 8)
    for number in range(20):
        with pytest.raises(InvalidToken):
            verify_token("", issuer=f"https://tenant-{number}.example")
    assert len(verifier_pool._keystores) == 8


def test_a_thousand_tenants_keep_their_verifiers(server: JwksServer, key: SigningKey) -> None:
    token = token_of(server, key)
    before = threading.active_count()
    for _ in range(3):
        verify_token(token, issuer=server.issuer)
        for number in range(1000):
            with pytest.raises(InvalidToken):
                verify_token("", issuer=f"https://tenant-{number}.example")
    assert len(server.requests) == 1
    assert threading.active_count() <= before


def test_the_pool_drops_the_least_recently_used_verifier(
    server: JwksServer, key: SigningKey
) -> None:
    token = token_of(server, key)
    for leeway in range(200, 250 + MAX_VERIFIERS):
        verify_token(token, issuer=server.issuer)
        with pytest.raises(InvalidToken):
            verify_token("", issuer=server.issuer, leeway=leeway)
    assert len(server.requests) == 1


def test_tokens_of_the_emulator() -> None:
    with Emulator() as torii:
        verifier = Verifier(torii.issuer)
        first = torii.issue_token(user_id="user_grace", claims={"plan": "pro"}).access_token
        auth = verifier.verify(first)
        assert (auth.user_id, auth.claims["plan"]) == ("user_grace", "pro")
        torii.rotate_keys(withdraw=True)
        assert verifier.verify(torii.issue_token(user_id="user_b").access_token).user_id == "user_b"
        with pytest.raises(InvalidToken) as caught:
            verifier.verify(first)
        assert caught.value.reason == "unknown_key"
        torii.outage("error")
        assert verifier.verify(torii.issue_token().access_token)
