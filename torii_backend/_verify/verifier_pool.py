"""Verifying in one line, over Verifiers that are shared by the whole process."""

from __future__ import annotations

import os
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Union

from torii_backend._verify.verifier import DEFAULT_LEEWAY, Verifier
from torii_backend.settings import (
    Audience,
    Issuer,
    require_seconds,
    resolve_audience,
    resolve_issuers,
)

if TYPE_CHECKING:
    from torii_backend.auth import Auth

# An idle one holds no thread, timer or connection: some 5 kB, and the tokens that it remembers.
MAX_VERIFIERS = 1024
_verifiers: OrderedDict[tuple[Any, ...], Verifier] = OrderedDict()


def verify_token(
    token: Union[str, bytes],
    *,
    issuer: Issuer = None,
    audience: Audience = None,
    leeway: float = DEFAULT_LEEWAY,
) -> Auth:
    """Verify a token in one line; calls with equal settings share one cached key set.

    Args:
        token: a compact JWS, without the word Bearer.
        issuer: one tenant host URL or several; None reads TORII_ISSUER.
        audience: accepted `aud` value or values; None skips the audience check.
        leeway: seconds by which clocks may differ, 30 by default.

    Returns:
        The Auth that the token carries.

    Raises:
        InvalidToken: the token is refused; `reason` says by which check.
        KeysUnavailable: the issuer's keys could not be fetched.
        ConfigurationError: a setting is missing or wrong.
    """
    return pooled_verifier(issuer, audience, leeway).verify(token)


async def verify_token_async(
    token: Union[str, bytes],
    *,
    issuer: Issuer = None,
    audience: Audience = None,
    leeway: float = DEFAULT_LEEWAY,
) -> Auth:
    """Do as `verify_token`, but wait without blocking the event loop."""
    return await pooled_verifier(issuer, audience, leeway).verify_async(token)


def pooled_verifier(issuer: Issuer, audience: Audience, leeway: float) -> Verifier:
    """Return the process-wide Verifier of these settings; the least recently used are dropped.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """
    environment = os.environ.get("TORII_ISSUER") if issuer is None else None
    # True equals 1, but is no leeway.
    settings = (issuer, environment, audience, leeway, type(leeway) is bool)
    try:
        verifier = _verifiers.get(settings)
    except TypeError:
        # Something is a list; what it resolves to can be a key.
        return pooled_verifier(
            resolve_issuers(issuer), resolve_audience(audience), require_seconds(leeway, "leeway")
        )
    if verifier is None:
        made = Verifier(issuer, audience=audience, leeway=leeway)
        verifier = _verifiers.setdefault(settings, made)
        while len(_verifiers) > MAX_VERIFIERS:
            _verifiers.popitem(last=False)
    elif len(_verifiers) == MAX_VERIFIERS:
        # Only now does it matter which was used last.
        try:
            _verifiers.move_to_end(settings)
        except KeyError:  # another thread has dropped it in between
            pass
    return verifier
