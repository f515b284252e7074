"""Sign access tokens that look like Torii's, or broken ones if a test asks for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, Optional

import msgspec

from torii_backend.auth import not_from_requests
from torii_backend.emulator.keys import SigningKey

DEFAULT_USER_ID = "01970000-0000-7000-8000-000000000001"
DEFAULT_EXPIRES_IN = 300
_EXPIRES_IN_LIMIT = 10 * 365 * 24 * 60 * 60


@not_from_requests("your_function")
class IssuedToken(msgspec.Struct, frozen=True, rename="camel"):
    """An access token that the emulator issued.

    Attributes:
        access_token: the signed JWT.
        expires_at: the end of the requested lifetime, in UTC and whole seconds. It ignores a claim
            `exp` that you set yourself.
    """

    access_token: str
    expires_at: datetime


def mint(
    key: SigningKey,
    *,
    issuer: str,
    subject: Mapping[str, Any],
    claims: Optional[Mapping[str, Any]],
    expires_in: int,
    now: int,
) -> IssuedToken:
    """Sign a token. `claims` override the standard claims, `iss`, `iat` and `exp` included."""
    exp = now + _require_expires_in(expires_in)
    standard = {"iss": issuer, **subject, "iat": now, "exp": exp}
    payload = _encoded({**standard, **require_claims(claims)})
    return IssuedToken(key.sign(payload), datetime.fromtimestamp(exp, timezone.utc))


def require_user_id(user_id: str) -> str:
    """Return a user id, or raise if it is not a string or is empty."""
    if not isinstance(user_id, str):
        raise TypeError("user_id must be a string, such as 'user_ada'.")
    if not user_id:
        raise ValueError("user_id must not be empty, such as 'user_ada'.")
    return user_id


def _require_expires_in(expires_in: int) -> int:
    if isinstance(expires_in, bool) or not isinstance(expires_in, int):
        raise TypeError("expires_in must be a whole number of seconds, such as 300.")
    if abs(expires_in) > _EXPIRES_IN_LIMIT:
        raise ValueError("expires_in must be at most ten years, positive or negative.")
    return expires_in


def require_claims(claims: Optional[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return claims, or raise if they aren't a mapping with names. None gives no claims."""
    if claims is None:
        return {}
    if not isinstance(claims, Mapping) or not all(isinstance(name, str) for name in claims):
        raise TypeError(
            "claims must be a mapping of claim names to JSON values, such as {'plan': 'pro'}."
        )
    return claims


def _encoded(claims: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(claims, allow_nan=False, separators=(",", ":")).encode("ascii")
    except TypeError:
        raise TypeError("claims must contain JSON values only, such as {'plan': 'pro'}.") from None
    except (ValueError, RecursionError):
        raise ValueError(
            "claims must be plain JSON, with finite numbers and without cycles or deep nesting."
        ) from None
