"""Verifier: an access token becomes an Auth, or is refused (RFC 7515, RFC 7519, RFC 8725)."""

from __future__ import annotations

import time
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Optional, Union

import msgspec

from torii_backend._jose.jws import JWS, parse_compact, parse_header, token_bytes
from torii_backend._keys.fetch import Fetch, chosen_fetch
from torii_backend._keys.keystore import MAX_STALE_SECONDS, Clock, KeyStore
from torii_backend._verify.claims import auth_from_claims, required_string
from torii_backend._verify.token_cache import CacheEntry, TokenCache
from torii_backend.errors import ConfigurationError, InvalidToken
from torii_backend.settings import (
    Audience,
    Issuer,
    require_bool,
    require_non_negative_int,
    require_seconds,
    resolve_audience,
    resolve_issuers,
)

if TYPE_CHECKING:
    import requests

    from torii_backend._jose.es256 import VerificationKey
    from torii_backend.auth import Auth

DEFAULT_LEEWAY = 30.0
DEFAULT_CACHE_SIZE = 4096


class VerifierStats(msgspec.Struct, frozen=True):
    """Counts since the Verifier was made, for a metrics endpoint.

    Attributes:
        hits: tokens that were found in the cache of verified tokens.
        misses: tokens that were not.
        fetches: fetches of a key set that were started.
        failures: fetches that failed.
        keys_age: seconds since the last good fetch, of the issuer where that is longest ago; None
            while an issuer has no keys yet.
    """

    hits: int
    misses: int
    fetches: int
    failures: int
    keys_age: Optional[float]


class Verifier:
    """Verifies access tokens of one or several issuers, with keys that it fetches and keeps.

    Make one and share it: it is safe to use from any thread, task or forked process.

    Args:
        issuer: one tenant host URL or several; None reads TORII_ISSUER.
        audience: accepted `aud` value or values; None skips the audience check.
        leeway: seconds by which clocks may differ, 30 by default.
        cache_size: how many verified tokens are remembered, 4096 by default; 0 remembers none.
        max_stale: seconds for which keys serve without a good fetch, 24 hours by default; never
            less than their lifetime, so that 0 lets none serve beyond it.
        jwks: a JWKS document (JSON text, or decoded) to start with; for one issuer only. It serves
            from the first call and is refreshed behind it.
        refresh: False never fetches: the keys in `jwks` are all there is.
        fetch: gets a JWKS document: `(url, timeout in seconds) -> (body, headers)`.
        session: a requests session to fetch through, instead of `fetch`.
        clock: the source of time, for tests.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """

    def __init__(
        self,
        issuer: Issuer = None,
        *,
        audience: Audience = None,
        leeway: float = DEFAULT_LEEWAY,
        cache_size: int = DEFAULT_CACHE_SIZE,
        max_stale: float = MAX_STALE_SECONDS,
        jwks: Union[bytes, str, dict[str, Any], None] = None,
        refresh: bool = True,
        fetch: Optional[Fetch] = None,
        session: Optional[requests.Session] = None,
        clock: Clock = time,
    ) -> None:
        self.issuers: tuple[str, ...] = resolve_issuers(issuer)
        self._audience = resolve_audience(audience)
        self._leeway = require_seconds(leeway, "leeway")
        self._cache = TokenCache(require_non_negative_int(cache_size, "cache_size"))
        self._hits = self._misses = 0
        self._now = clock.time
        self._monotonic = clock.monotonic
        chosen = chosen_fetch(fetch, session)
        refresh = require_bool(refresh, "refresh")
        keys = _seed(jwks, self.issuers, refresh=refresh)
        max_stale = require_seconds(max_stale, "max_stale")
        keystores = [
            KeyStore(
                configured,
                fetch=chosen,
                max_stale=max_stale,
                keys=keys,
                refresh=refresh,
                clock=clock,
            )
            for configured in self.issuers
        ]
        # A trailing slash on either side does not matter: both spellings of each are known here.
        self._keystores = {
            spelling: keystore
            for keystore in keystores
            for spelling in (keystore.issuer, keystore.issuer + "/")
        }

    def verify(self, token: Union[str, bytes]) -> Auth:
        """Verify a token; waits for the network only where its key is not known yet.

        Args:
            token: a compact JWS, without the word Bearer.

        Returns:
            The Auth that the token carries; the same object while the token is remembered.

        Raises:
            InvalidToken: the token is refused; `reason` says by which check.
            KeysUnavailable: the issuer's keys could not be fetched.
        """
        encoded = token_bytes(token)
        digest = sha256(encoded).digest()
        monotonic = self._monotonic()
        entry = self._cache.get(digest, self._now(), monotonic)
        if entry is not None:
            entry.keystore.refresh_if_due(monotonic)
            self._hits += 1
            return entry.auth
        self._misses += 1
        jws = parse_compact(encoded)
        keystore = self._keystore_for(jws)
        key = keystore.key_for_header(jws.header, monotonic)
        if key is not None:
            keystore.refresh_if_due(monotonic)
            return self._accepted(jws, keystore, key, digest)
        key = keystore.key(parse_header(jws.header))
        auth = self._accepted(jws, keystore, key, digest)
        keystore.remember_header(jws.header, key)
        return auth

    async def verify_async(self, token: Union[str, bytes]) -> Auth:
        """Do as `verify`, but wait without blocking the event loop."""
        # Written out once more: it runs for each request, and another call would be felt.
        encoded = token_bytes(token)
        digest = sha256(encoded).digest()
        monotonic = self._monotonic()
        entry = self._cache.get(digest, self._now(), monotonic)
        if entry is not None:
            entry.keystore.refresh_if_due(monotonic)
            self._hits += 1
            return entry.auth
        self._misses += 1
        jws = parse_compact(encoded)
        keystore = self._keystore_for(jws)
        key = keystore.key_for_header(jws.header, monotonic)
        if key is not None:
            keystore.refresh_if_due(monotonic)
            return self._accepted(jws, keystore, key, digest)
        key = await keystore.key_async(parse_header(jws.header))
        auth = self._accepted(jws, keystore, key, digest)
        keystore.remember_header(jws.header, key)
        return auth

    def warm(self) -> None:
        """Fetch the keys of every issuer, where they are not there yet, and wait for them.

        Raises:
            KeysUnavailable: the keys of an issuer could not be fetched; those of the others are.
        """
        self.prefetch()
        for issuer in self.issuers:
            self._keystores[issuer].warm()

    async def warm_async(self) -> None:
        """Do as `warm`, but wait without blocking the event loop."""
        self.prefetch()
        for issuer in self.issuers:
            await self._keystores[issuer].warm_async()

    def prefetch(self) -> None:
        """Do as `warm`, but wait for nothing: a fetch that fails is only logged."""
        for issuer in self.issuers:
            self._keystores[issuer].prefetch()

    def seconds_left(self, auth: Auth) -> float:
        """Tell for how many seconds more the token of this Auth is accepted, with the leeway.

        Args:
            auth: what this Verifier made of the token.

        Returns:
            Seconds; zero or less once it is not accepted any more.
        """
        expires_at: float = auth.claims["exp"]
        return expires_at + self._leeway - self._now()

    def stats(self) -> VerifierStats:
        """Return the counts so far."""
        stores = [self._keystores[issuer] for issuer in self.issuers]
        ages = [keystore.age for keystore in stores]
        known = [age for age in ages if age is not None]
        return VerifierStats(
            hits=self._hits,
            misses=self._misses,
            fetches=sum(keystore.fetches for keystore in stores),
            failures=sum(keystore.failures for keystore in stores),
            keys_age=max(known) if len(known) == len(ages) else None,
        )

    def _keystore_for(self, jws: JWS) -> KeyStore:
        """Pick the keys that may verify a token: its unverified `iss` only chooses among ours."""
        keystore = self._keystores.get(required_string(jws.payload, "iss"))
        if keystore is None:
            raise InvalidToken("wrong_issuer")
        return keystore

    def _accepted(self, jws: JWS, keystore: KeyStore, key: VerificationKey, digest: bytes) -> Auth:
        """Check signature and claims of a token, and remember it."""
        if not key.verify(jws.signature, jws.signing_input):
            raise InvalidToken("bad_signature")
        now = self._now()
        auth = auth_from_claims(jws.payload, keystore.issuer, self._audience, self._leeway, now)
        ends_at = jws.payload["exp"] + self._leeway
        self._cache.put(digest, CacheEntry(auth, ends_at, key, keystore), now)
        return auth


def _seed(
    jwks: Union[bytes, str, dict[str, Any], None], issuers: tuple[str, ...], *, refresh: bool
) -> Optional[dict[str, VerificationKey]]:
    if jwks is None:
        if not refresh:
            raise ConfigurationError("refresh=False needs the keys: pass jwks.")
        return None
    if len(issuers) > 1:
        raise ConfigurationError("jwks holds the keys of one issuer: make a Verifier for each.")
    # A process without seeded keys imports this on the worker thread that fetches them.
    from torii_backend._jose.jwks import parse_jwks

    try:
        document = msgspec.json.encode(jwks) if isinstance(jwks, dict) else jwks
        keys = parse_jwks(document.encode() if isinstance(document, str) else document)
    except (ValueError, TypeError, AttributeError):
        raise ConfigurationError("jwks must be a JWKS document, as JSON text or decoded.") from None
    if not keys:
        raise ConfigurationError("jwks holds no usable ES256 key.")
    return keys
