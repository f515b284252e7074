"""Verifying tokens and reading what they say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Optional

from typing_extensions import assert_type

import torii_backend
from torii_backend import (
    Auth,
    Authenticator,
    GuardOptions,
    IncomingRequest,
    InvalidToken,
    Issuer,
    KeysUnavailable,
    Policy,
    PolicyOptions,
    RefusalResponse,
    ToriiAuth,
    ToriiAuthError,
    Verifier,
    __version__,
    authenticate_request,
    authenticate_request_async,
    current_auth,
    verify_token,
    verify_token_async,
)
from torii_backend.errors import InvalidTokenReason


def verifying(token: str) -> None:
    assert_type(verify_token(token), Auth)
    assert_type(
        verify_token(token.encode(), issuer=["https://a.example", "https://b.example"]), Auth
    )
    assert_type(verify_token(token, issuer="https://a.example", audience=None, leeway=0), Auth)
    assert_type(Verifier("https://a.example", audience="api").verify(token), Auth)
    assert_type(Verifier().issuers, tuple[str, ...])
    verify_token(token, "https://a.example")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    verify_token(token, isuer="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    torii_backend.verfy_token(token)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    verify_token(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def configured(issuer: Issuer) -> None:
    conditions: PolicyOptions = {"role": "admin", "organization": True}
    options: GuardOptions = {"issuer": issuer, "leeway": 5, "role": "admin"}
    Authenticator(**options)
    Policy(**conditions)
    options["leeway"] = "5"  # type: ignore[typeddict-item]  # pyright: ignore[reportGeneralTypeIssues]
    wrong: GuardOptions = {"requierd": False}  # type: ignore[typeddict-unknown-key]  # pyright: ignore[reportAssignmentType]
    Authenticator(**wrong)


def to_login(refusal: ToriiAuthError, request: IncomingRequest) -> RefusalResponse:
    assert_type(RefusalResponse.json(402, {"error": refusal.reason}), RefusalResponse)
    return RefusalResponse.redirect(f"/login?next={request.path}")


def responding() -> None:
    Authenticator(on_error=to_login)
    Authenticator(on_error=lambda _: None)
    Authenticator(on_error=lambda: None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def verifying_async(token: str) -> None:
    assert_type(await verify_token_async(token), Auth)
    assert_type(await Verifier().verify_async(token), Auth)
    assert_type(await authenticate_request_async({"Authorization": token}), Auth)


def authenticating(environ: dict[str, Any], pairs: list[tuple[bytes, bytes]]) -> None:
    assert_type(authenticate_request(environ), Auth)
    assert_type(authenticate_request(pairs, header="x-token"), Auth)
    assert_type(Authenticator(required=False).authenticate(environ), Optional[Auth])
    Authenticator(requierd=False)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Authenticator(leeway="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def reading(auth: Auth) -> None:
    assert_type(auth.user_id, str)
    assert_type(auth.environment_id, str)
    assert_type(auth.issuer, str)
    assert_type(auth.issued_at, datetime)
    assert_type(auth.expires_at, datetime)
    assert_type(auth.claims, Mapping[str, Any])
    assert_type(auth.raw, Mapping[str, Any])
    assert_type(auth.email_verified, bool)
    assert_type(auth.profile_complete, bool)
    assert_type(auth.impersonating, bool)
    assert_type(auth.actor, Optional[str])
    assert_type(auth.locale, Optional[str])
    assert_type(auth.organization_id, Optional[str])
    assert_type(auth.organization_role, Optional[str])
    alias: ToriiAuth = auth
    assert_type(alias, Auth)
    assert_type(current_auth(), Optional[Auth])
    assert_type(__version__, str)


def a_frozen_auth(auth: Auth) -> None:
    auth.user_id = "eve"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    auth.claims["sub"] = "eve"  # type: ignore[index]  # pyright: ignore[reportIndexIssue]


def refusing(token: str) -> str:
    try:
        return verify_token(token).user_id
    except InvalidToken as refusal:
        assert_type(refusal.reason, InvalidTokenReason)
        assert_type(refusal.claim, Optional[str])
        return refusal.reason
    except KeysUnavailable as refusal:
        assert_type(refusal.retry_after, int)
        return refusal.reason
    except ToriiAuthError as refusal:
        assert_type(refusal.status, int)
        assert_type(refusal.reason, str)
        return refusal.reason
