"""Identity: the arguments of `auth_as`, checked, and the Auth that they make."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from typing import Any, Optional

from torii_backend._jose.json_object import decode_object
from torii_backend._verify.claims import auth_from_claims
from torii_backend.auth import Auth, ReadOnlyDict, not_from_requests
from torii_backend.errors import InvalidToken
from torii_backend.settings import refuse_live_key, resolve_issuers

DEFAULT_ORGANIZATION = "org_test"
_ENVIRONMENT_ID = "env_test"
_ISSUER = "https://test.torii.so"
_encode = json.JSONEncoder(allow_nan=False).encode
_MOST_SECONDS = 10 * 365 * 24 * 60 * 60
# The claims that an argument sets, and what to write instead of naming them in `claims`.
_ARGUMENT_OF = {
    "sub": "user_id",
    "org_id": "organization",
    "org_role": "role",
    "o": "organization and role",
    "email_verified": "email_verified",
    "profile_complete": "profile_complete",
    "act": "actor",
    "impersonating": "actor",
    "locale": "locale",
    "iat": "expires_in",
    "exp": "expires_in",
}


class Identity:
    """Who is signed in: claims without issuer and times. Immutable, so it can be shared.

    Args:
        arguments: those of `make_auth`.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: an argument has the wrong value.
    """

    def __init__(
        self,
        user_id: str = "user_test",
        *,
        role: Optional[str] = None,
        organization: Optional[str] = None,
        email_verified: bool = True,
        profile_complete: bool = True,
        actor: Optional[str] = None,
        locale: Optional[str] = None,
        claims: Optional[Mapping[str, Any]] = None,
        expires_in: int = 300,
    ) -> None:
        self._expires_in = _seconds(expires_in)
        self._claims: dict[str, Any] = {
            "sub": require_text(user_id, "user_id", "user_ada"),
            "pid": _ENVIRONMENT_ID,
            "email_verified": _flag(email_verified, "email_verified"),
            "profile_complete": _flag(profile_complete, "profile_complete"),
        }
        if organization is not None or role is not None:
            organization = DEFAULT_ORGANIZATION if organization is None else organization
            self._claims["org_id"] = require_text(organization, "organization", "org_1")
        if role is not None:
            self._claims["org_role"] = require_text(role, "role", "admin")
        if actor is not None:
            act = ReadOnlyDict(sub=require_text(actor, "actor", "user_support"))
            self._claims.update(act=act, impersonating=True)
        if locale is not None:
            self._claims["locale"] = require_text(locale, "locale", "en")
        if claims is not None:
            self._add(claims)

    def auth(self, issuer: str) -> Auth:
        """Return a new Auth whose token would be issued now.

        Args:
            issuer: the issuer of the token, without trailing slash.
        """
        now = int(time.time())
        claims = {"iss": issuer, **self._claims, "iat": now, "exp": now + self._expires_in}
        # Whether it has expired is for guards to say: each has a leeway of its own.
        return auth_from_claims(claims, issuer, None, _MOST_SECONDS + 1, now)

    def _add(self, claims: Mapping[str, Any]) -> None:
        """Add claims that have no argument, and see whether a token could have them."""
        self._claims.update(_as_in_token(_without_argument(claims)))
        try:
            self.auth(_ISSUER)
        except InvalidToken as fault:
            raise ValueError(f"claims must contain a valid {fault.claim}, as tokens do.") from None


@not_from_requests("your_function")
def make_auth(
    user_id: str = "user_test",
    *,
    role: Optional[str] = None,
    organization: Optional[str] = None,
    email_verified: bool = True,
    profile_complete: bool = True,
    actor: Optional[str] = None,
    locale: Optional[str] = None,
    claims: Optional[Mapping[str, Any]] = None,
    expires_in: int = 300,
) -> Auth:
    """Make an Auth, as from a verified token, for functions that take one.

    Args:
        user_id: the signed-in user (`sub`).
        role: the user's role in the active organization.
        organization: the id of the active organization. `org_test` if you leave it out and name a role.
        email_verified: the claim of this name.
        profile_complete: the claim of this name.
        actor: the id of a user who impersonates this one.
        locale: the claim of this name, such as `en`. The Auth has none if you leave it out.
        claims: more claims, such as `{"plan": "pro"}`. Those that have an argument can't be among them.
        expires_in: seconds until the token expires, 300 by default. Zero or less makes one that has
            expired.

    Returns:
        A new Auth. Its issuer is the first one in TORII_ISSUER, or `https://test.torii.so`.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: an argument has the wrong value.
        ConfigurationError: TORII_SECRET_KEY is a live key, or TORII_ISSUER isn't an issuer.
    """
    refuse_live_key("torii_backend.testing")
    identity = Identity(
        user_id,
        role=role,
        organization=organization,
        email_verified=email_verified,
        profile_complete=profile_complete,
        actor=actor,
        locale=locale,
        claims=claims,
        expires_in=expires_in,
    )
    configured = os.environ.get("TORII_ISSUER", "").strip(" ,")
    return identity.auth(resolve_issuers()[0] if configured else _ISSUER)


def require_text(value: object, name: str, example: str) -> str:
    """Check an argument that is text."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, such as {example!r}.")
    if not value:
        raise ValueError(f"{name} must not be empty, such as {example!r}.")
    return value


def _flag(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False.")
    return value


def _seconds(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("expires_in must be a whole number of seconds, such as 300.")
    if abs(value) > _MOST_SECONDS:
        raise ValueError("expires_in must be at most ten years, positive or negative.")
    return value


def _without_argument(claims: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(claims, Mapping) or not all(isinstance(name, str) for name in claims):
        raise TypeError(
            "claims must be a mapping of claim names to JSON values, such as {'plan': 'pro'}."
        )
    for name in claims:
        if name in _ARGUMENT_OF:
            raise ValueError(f"claims must not contain {name}. Pass {_ARGUMENT_OF[name]} instead.")
    if "iss" in claims:
        raise ValueError("claims must not contain iss. The issuer is that of the guard.")
    return claims


def _as_in_token(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return claims as they are decoded from a token: read-only, and nothing but JSON."""
    try:
        return decode_object(_encode(claims).encode())
    except TypeError:
        raise TypeError("claims must contain JSON values only, such as {'plan': 'pro'}.") from None
    except (ValueError, RecursionError):
        raise ValueError(
            "claims must be plain JSON, with finite numbers and without cycles or deep nesting."
        ) from None
