"""The one-line functions, over a pool of Verifiers that the whole process shares.

State: one OrderedDict of Verifiers by their settings, in the order of their creation. Once it is full
it is in the order of their last use, and the least recently used one is dropped. Another OrderedDict
has the key stores by issuer, in the order in which they were last given to a new Verifier.

- A key store outlives the Verifiers that share it, with its keys and its limits. Otherwise forged
  tokens for more tenants than fit into the pool would cause a fetch each.
- MAX_KEYSTORES are so many that limits are old when they are forgotten: MAX_THREADS threads need a
  while to fetch that many key sets.

There is no lock: each step is one operation of an OrderedDict, which is atomic under the GIL. Two
threads that need the same new Verifier both create one, and `setdefault` decides which both use.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Optional, Union

from torii_backend._jose.jws import seal
from torii_backend._keys.keystore import KeyStore
from torii_backend._verify.verifier import DEFAULT_LEEWAY, Verifier
from torii_backend.auth import not_from_requests
from torii_backend.errors import ConfigurationError
from torii_backend.settings import (
    Audience,
    InsecureHosts,
    Issuer,
    require_seconds,
    resolve_audience,
    resolve_insecure_hosts,
    resolve_issuers,
    without_secrets,
)

if TYPE_CHECKING:
    from torii_backend.auth import Auth

# Idle ones hold no thread, timer or connection. A Verifier takes 1 kB, plus the tokens in its
# cache, and a key store 4 kB.
MAX_VERIFIERS = 1024
MAX_KEYSTORES = 16_384
_verifiers: OrderedDict[tuple[Any, ...], Verifier] = OrderedDict()
_keystores: OrderedDict[tuple[str, float], KeyStore] = OrderedDict()


@not_from_requests()
def verify_token(
    token: Union[str, bytes],
    *,
    issuer: Issuer = None,
    audience: Audience = None,
    leeway: float = DEFAULT_LEEWAY,
    insecure_hosts: InsecureHosts = None,
) -> Auth:
    """Verify an access token. Calls with equal settings share one cached key set.

    Args:
        token: a compact JWS, without the word Bearer.
        issuer: one tenant host URL or several; None reads TORII_ISSUER.
        audience: accepted `aud` value or values; None skips the audience check.
        leeway: seconds by which clocks may differ, 30 by default.
        insecure_hosts: names of hosts such as torii, which can't be public, that an issuer may have with
            plain http; None reads TORII_INSECURE_HOSTS.

    Returns:
        The Auth of the token.

    Raises:
        InvalidToken: the token was rejected; `reason` tells by which check.
        KeysUnavailable: the issuer's keys can't be fetched; retry later.
        ConfigurationError: a setting is missing or wrong.
    """
    sealed: Any = seal(token)
    # As in Verifier.verify.
    del token
    try:
        verifier = pooled_verifier(issuer, audience, leeway, insecure_hosts=insecure_hosts)
    except ConfigurationError:
        # A refused issuer may have a password.
        del issuer
        raise
    return verifier.verify(sealed)


@not_from_requests()
async def verify_token_async(
    token: Union[str, bytes],
    *,
    issuer: Issuer = None,
    audience: Audience = None,
    leeway: float = DEFAULT_LEEWAY,
    insecure_hosts: InsecureHosts = None,
) -> Auth:
    """Async version of `verify_token`."""
    sealed: Any = seal(token)
    del token
    try:
        verifier = pooled_verifier(issuer, audience, leeway, insecure_hosts=insecure_hosts)
    except ConfigurationError:
        del issuer
        raise
    return await verifier.verify_async(sealed)


def pooled_verifier(
    issuer: Issuer,
    audience: Audience,
    leeway: float,
    fetch_timeout: Optional[float] = None,
    insecure_hosts: InsecureHosts = None,
) -> Verifier:
    """Return the process-wide Verifier for these settings.

    TORII_INSECURE_HOSTS is read when it is made, and not again for each token.
    """
    environment = os.environ.get("TORII_ISSUER") if issuer is None else None
    # True equals 1, but is not a leeway.
    is_bool = type(leeway) is bool
    settings = (issuer, environment, audience, leeway, is_bool, fetch_timeout, insecure_hosts)
    try:
        verifier = _verifiers.get(settings)
    except TypeError:
        # A list is not hashable. What it resolves to is.
        del settings
        issuer = without_secrets(issuer)
        return pooled_verifier(
            resolve_issuers(issuer, insecure_hosts),
            resolve_audience(audience),
            require_seconds(leeway, "leeway"),
            fetch_timeout,
            None if insecure_hosts is None else resolve_insecure_hosts(insecure_hosts),
        )
    if verifier is None:
        try:
            new = Verifier(
                issuer,
                audience=audience,
                leeway=leeway,
                fetch_timeout=fetch_timeout,
                insecure_hosts=insecure_hosts,
            )
        except ConfigurationError:
            # A refused issuer may have a password, and error trackers would show it.
            del settings, environment, issuer
            raise
        new._share_keys(_pooled)
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


def _pooled(keystore: KeyStore) -> KeyStore:
    """Return the key store of the process for the issuer of this one."""
    key = keystore.issuer, keystore.fetch_timeout
    pooled = _keystores.setdefault(key, keystore)
    try:
        _keystores.move_to_end(key)
        while len(_keystores) > MAX_KEYSTORES:
            _keystores.popitem(last=False)
    except KeyError:  # another thread has dropped it in between
        pass
    return pooled


def forget_verifiers() -> None:
    """Empty the pool, for tests."""
    _verifiers.clear()
    _keystores.clear()
