"""The one-line functions, over a pool of Verifiers that the whole process shares.

State: one OrderedDict of Verifiers by their settings, in the order of their creation. Once it is full
it is in the order of their last use, and the least recently used one is dropped.

There is no lock: each step is one operation of the OrderedDict, which is atomic under the GIL. Two
threads that need the same new Verifier both create one, and `setdefault` decides which both use.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Union

from torii_backend._verify.verifier import DEFAULT_LEEWAY, Verifier
from torii_backend.auth import not_from_requests
from torii_backend.settings import (
    Audience,
    Issuer,
    require_seconds,
    resolve_audience,
    resolve_issuers,
)

if TYPE_CHECKING:
    from torii_backend.auth import Auth

# An idle Verifier holds no thread, timer or connection. It takes 5 kB, plus the tokens in its cache.
MAX_VERIFIERS = 1024
_verifiers: OrderedDict[tuple[Any, ...], Verifier] = OrderedDict()


@not_from_requests()
def verify_token(
    token: Union[str, bytes],
    *,
    issuer: Issuer = None,
    audience: Audience = None,
    leeway: float = DEFAULT_LEEWAY,
) -> Auth:
    """Verify an access token. Calls with equal settings share one cached key set.

    Args:
        token: a compact JWS, without the word Bearer.
        issuer: one tenant host URL or several; None reads TORII_ISSUER.
        audience: accepted `aud` value or values; None skips the audience check.
        leeway: seconds by which clocks may differ, 30 by default.

    Returns:
        The Auth of the token.

    Raises:
        InvalidToken: the token was rejected; `reason` tells by which check.
        KeysUnavailable: the issuer's keys can't be fetched; retry later.
        ConfigurationError: a setting is missing or wrong.
    """
    return pooled_verifier(issuer, audience, leeway).verify(token)


@not_from_requests()
async def verify_token_async(
    token: Union[str, bytes],
    *,
    issuer: Issuer = None,
    audience: Audience = None,
    leeway: float = DEFAULT_LEEWAY,
) -> Auth:
    """Async version of `verify_token`."""
    return await pooled_verifier(issuer, audience, leeway).verify_async(token)


def pooled_verifier(issuer: Issuer, audience: Audience, leeway: float) -> Verifier:
    """Return the process-wide Verifier for these settings."""
    environment = os.environ.get("TORII_ISSUER") if issuer is None else None
    # True equals 1, but is not a leeway.
    settings = (issuer, environment, audience, leeway, type(leeway) is bool)
    try:
        verifier = _verifiers.get(settings)
    except TypeError:
        # A list is not hashable. What it resolves to is.
        return pooled_verifier(
            resolve_issuers(issuer), resolve_audience(audience), require_seconds(leeway, "leeway")
        )
    if verifier is None:
        new = Verifier(issuer, audience=audience, leeway=leeway)
        verifier = _verifiers.setdefault(settings, new)
        while len(_verifiers) > MAX_VERIFIERS:
            _verifiers.popitem(last=False)
    elif len(_verifiers) == MAX_VERIFIERS:
        # Only a full pool has to know which was used last.
        try:
            _verifiers.move_to_end(settings)
        except KeyError:  # another thread has dropped it in between
            pass
    return verifier
