"""Access tokens shaped like Torii's, and odd ones where a test asks for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, Optional

import msgspec
from jwt.api_jws import PyJWS

from torii_backend.emulator.keys import ALGORITHM, SigningKey

DEFAULT_USER_ID = "01970000-0000-7000-8000-000000000001"
DEFAULT_EXPIRES_IN = 300
_EXPIRES_IN_LIMIT = 10 * 365 * 24 * 60 * 60


class IssuedToken(msgspec.Struct, frozen=True, rename="camel"):
    """An access token, fresh from the emulator.

    Attributes:
        access_token: the signed JWT.
        expires_at: when the asked-for lifetime ends, UTC, in whole seconds; a claim `exp` that a
            test sets by hand does not change it.
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
    """Sign one access token.

    Args:
        key: the key that signs.
        issuer: the claim `iss`.
        subject: the standard claims that tell whom the token is about.
        claims: laid over the standard claims; may replace any of them.
        expires_in: seconds from `iat` to `exp`; zero or less makes an expired token.
        now: the claim `iat`, seconds since the epoch.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: an argument is out of range, or the claims are not plain JSON.
    """
    exp = now + _require_expires_in(expires_in)
    standard = {"iss": issuer, **subject, "iat": now, "exp": exp}
    payload = _encoded({**standard, **_require_claims(claims)})
    token = PyJWS().encode(payload, key.private_key, ALGORITHM, headers={"kid": key.kid})
    return IssuedToken(token, datetime.fromtimestamp(exp, timezone.utc))


def require_user_id(user_id: str) -> str:
    """Give a user id that a token can be about.

    Raises:
        TypeError: it is no text.
        ValueError: it is empty.
    """
    if not isinstance(user_id, str):
        raise TypeError("user_id must be a string.")
    if not user_id:
        raise ValueError("user_id must not be empty.")
    return user_id


def _require_expires_in(expires_in: int) -> int:
    if isinstance(expires_in, bool) or not isinstance(expires_in, int):
        raise TypeError("expires_in must be a whole number of seconds.")
    if abs(expires_in) > _EXPIRES_IN_LIMIT:
        raise ValueError("expires_in must be within ten years, before or after now.")
    return expires_in


def _require_claims(claims: Optional[Mapping[str, Any]]) -> Mapping[str, Any]:
    if claims is None:
        return {}
    if not isinstance(claims, Mapping) or not all(isinstance(name, str) for name in claims):
        raise TypeError("claims must be a mapping from claim names to JSON values.")
    return claims


def _encoded(claims: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(claims, allow_nan=False, separators=(",", ":")).encode("ascii")
    except TypeError:
        raise TypeError("claims must hold JSON values only.") from None
    except (ValueError, RecursionError):
        raise ValueError(
            "claims must be plain JSON, with finite numbers and without cycles or deep nesting."
        ) from None
