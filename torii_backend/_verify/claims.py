"""Checks of the claims of an access token (RFC 7519 section 4), which become an Auth. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from torii_backend.auth import Auth, ReadOnlyDict
from torii_backend.errors import InvalidToken

_END_OF_9999 = 253402300799


def auth_from_claims(
    claims: dict[str, Any],
    issuer: str,
    audience: Optional[frozenset[str]],
    leeway: float,
    now: float,
) -> Auth:
    """Check the claims of a token with a good signature, and return its Auth.

    `issuer` is the configured issuer that matched `iss`. `now` is seconds since the epoch. The claims
    belong to the Auth from then on.
    """
    user_id = required_string(claims, "sub")
    environment_id = required_string(claims, "pid")
    issued_at = _number(claims, "iat")
    expires_at = _number(claims, "exp")
    if now >= expires_at + leeway:
        raise InvalidToken("expired")
    if issued_at > now + leeway or ("nbf" in claims and _number(claims, "nbf") > now + leeway):
        raise InvalidToken("not_yet_valid")
    if audience is not None:
        _check_audience(claims, audience)
    organization_id, organization_role = _organization(claims)
    actor = _actor(claims) if "act" in claims else None
    # Positional, because this runs for each new token and keywords cost a third more.
    return Auth(
        user_id,
        environment_id,
        issuer,
        ReadOnlyDict(claims),
        claims.get("email_verified") is True,
        claims.get("profile_complete", True) is True,
        "act" in claims or claims.get("impersonating") is True,
        actor,
        _string_or_none(claims.get("locale")),
        organization_id,
        organization_role,
    )


def required_string(claims: Mapping[str, Any], name: str) -> str:
    """Return a claim that must be a non-empty string."""
    value = claims.get(name)
    if isinstance(value, str) and value:
        return value
    raise InvalidToken("invalid_claim" if name in claims else "missing_claim", name)


def _number(claims: Mapping[str, Any], name: str) -> float:
    """Return a NumericDate (RFC 7519 section 2) that a datetime can hold."""
    value: Any = claims.get(name)
    if type(value) in (int, float) and 0 <= value <= _END_OF_9999:
        number: float = value
        return number
    raise InvalidToken("invalid_claim" if name in claims else "missing_claim", name)


def _check_audience(claims: Mapping[str, Any], accepted: frozenset[str]) -> None:
    """Check `aud`, a string or an array of strings (RFC 7519 section 4.1.3)."""
    if "aud" not in claims:
        raise InvalidToken("missing_claim", "aud")
    value = claims["aud"]
    audiences = (value,) if isinstance(value, str) else value
    if not isinstance(audiences, tuple) or not all(isinstance(entry, str) for entry in audiences):
        raise InvalidToken("invalid_claim", "aud")
    if accepted.isdisjoint(audiences):
        raise InvalidToken("wrong_audience")


def _organization(claims: Mapping[str, Any]) -> tuple[Optional[str], Optional[str]]:
    """Return id and role of the active organization, both from one claim: `org_id`, else `o`."""
    if "org_id" in claims:
        organization_id, role = claims["org_id"], claims.get("org_role")
    else:
        o = claims.get("o")
        if isinstance(o, Mapping):
            organization_id, role = o.get("id"), o.get("role", o.get("rol"))
        else:
            organization_id, role = o, claims.get("org_role")
    organization_id = _string_or_none(organization_id)
    return organization_id, None if organization_id is None else _string_or_none(role)


def _string_or_none(value: Any) -> Optional[str]:
    return value if isinstance(value, str) and value else None


def _actor(claims: Mapping[str, Any]) -> Optional[str]:
    act = claims["act"]
    return _string_or_none(act.get("sub")) if isinstance(act, Mapping) else None
