"""Verifier: an access token becomes an Auth, or is rejected (RFC 7515, RFC 7519, RFC 8725)."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional, Union, final
from weakref import WeakValueDictionary

import msgspec

from torii_backend._jose.jws import Sealed, parse_header, seal
from torii_backend._keys.aging import Clock, aging_clock
from torii_backend._keys.fetch import Fetch, resolve_fetch
from torii_backend._keys.fetcher import MAX_STALE_SECONDS
from torii_backend._keys.keystore import KeyStore
from torii_backend._verify.claims import auth_from_claims, required_string
from torii_backend._verify.revocation_list import RevocationList
from torii_backend._verify.seeded_keys import seeded_keys
from torii_backend._verify.token_cache import ENTRY_BYTES, CacheEntry, TokenCache
from torii_backend.auth import not_from_requests
from torii_backend.errors import ConfigurationError, InvalidToken, RevocationsUnavailable
from torii_backend.plain_http import names_of_issuer
from torii_backend.settings import (
    Audience,
    InsecureHosts,
    Issuer,
    Unchanging,
    require_bool,
    require_non_negative_int,
    require_seconds,
    resolve_audience,
    resolve_fetch_timeout,
    resolve_issuers,
    without_secrets,
)

if TYPE_CHECKING:
    import requests

    from torii_backend._jose.es256 import VerificationKey
    from torii_backend.auth import Auth

DEFAULT_LEEWAY = 30.0
DEFAULT_CACHE_SIZE = 4096
DEFAULT_CACHE_BYTES = 32 * 1024 * 1024
# An issuer's own tokens have few different headers. Only signed ones are remembered.
MAX_HEADERS = 64


# All of this process, by id: the one collection of weak references that is copied atomically.
_verifiers: WeakValueDictionary[int, Verifier] = WeakValueDictionary()


class VerifierStats(msgspec.Struct, frozen=True):
    """Counters since the Verifier was created, for a metrics endpoint.

    Attributes:
        hits: tokens that were in the token cache.
        misses: tokens that were not.
        fetches: key fetches that were started.
        failures: key fetches that failed.
        keys_age: seconds since the last good key fetch. With several issuers, the greatest. None
            until each issuer has keys.
    """

    hits: int
    misses: int
    fetches: int
    failures: int
    keys_age: Optional[float]


@final
class _NeedsKey(NamedTuple):
    """A token whose key has to be looked up by its kid, which may wait for a fetch.

    It is told from an Auth by `type(…) is`, because that runs for each request.
    """

    sealed: Sealed
    digest: bytes
    keystore: KeyStore
    kid: str


@not_from_requests()
class Verifier(Unchanging):
    """Verify access tokens of one or several issuers, and fetch and cache their keys.

    Create one and share it. It is safe to use from any thread, task or forked process.

    Args:
        issuer: one tenant host URL or several; None reads TORII_ISSUER.
        audience: accepted `aud` value or values; None skips the audience check.
        leeway: seconds by which clocks may differ, 30 by default.
        insecure_hosts: names of hosts such as torii, which can't be public, that an issuer may have with
            plain http; None reads TORII_INSECURE_HOSTS.
        cache_size: how many verified tokens to cache, 4096 by default; 0 turns the cache off.
        cache_bytes: how many bytes they may take, about 32 MiB by default.
        max_stale: seconds for which keys stay usable without a good fetch, 24 hours by default. They
            are always usable for their lifetime, so 0 means no longer than that.
        jwks: a JWKS document (JSON text, or decoded) to start with, for one issuer only. It is used
            from the first call on, and refreshed in the background.
        refresh: False never fetches, so that only the keys in `jwks` are used.
        fetch: gets a JWKS document: `(url, timeout in seconds) -> (body, headers)`.
        fetch_timeout: seconds that a whole fetch may take, from 0.1 to 60. None reads
            TORII_FETCH_TIMEOUT, and is 5 without it.
        session: a requests session to fetch through, instead of `fetch`.
        revocations: a `Revocations`, whose revoked tokens are refused; None by default.
        clock: the source of time, for tests.

    Attributes:
        issuers: the URLs of the issuers, without trailing slash.
        revocations: the same as the argument.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """

    def __init__(
        self,
        issuer: Issuer = None,
        *,
        audience: Audience = None,
        leeway: float = DEFAULT_LEEWAY,
        insecure_hosts: InsecureHosts = None,
        cache_size: int = DEFAULT_CACHE_SIZE,
        cache_bytes: int = DEFAULT_CACHE_BYTES,
        max_stale: float = MAX_STALE_SECONDS,
        jwks: Union[bytes, str, dict[str, Any], None] = None,
        refresh: bool = True,
        fetch: Optional[Fetch] = None,
        fetch_timeout: Optional[float] = None,
        session: Optional[requests.Session] = None,
        revocations: Optional[RevocationList] = None,
        clock: Clock = time,
    ) -> None:
        issuer = without_secrets(issuer)
        self.issuers: tuple[str, ...] = resolve_issuers(issuer, insecure_hosts)
        self._made_again = partial(
            Verifier,
            self.issuers,
            audience=audience,
            leeway=leeway,
            insecure_hosts=insecure_hosts,
            cache_size=cache_size,
            cache_bytes=cache_bytes,
            max_stale=max_stale,
            jwks=jwks,
            refresh=refresh,
            fetch=fetch,
            fetch_timeout=fetch_timeout,
            session=session,
            revocations=revocations,
            **({} if clock is time else {"clock": clock}),
        )
        self._audience = resolve_audience(audience)
        self._leeway = require_seconds(leeway, "leeway")
        self._cache = TokenCache(
            require_non_negative_int(cache_size, "cache_size"),
            require_non_negative_int(cache_bytes, "cache_bytes"),
        )
        self.revocations: Optional[RevocationList] = _require_revocations(revocations)
        self._headers: dict[bytes, tuple[KeyStore, VerificationKey]] = {}
        self._hits = self._misses = 0
        self._clock = clock
        self._aging = aging_clock(clock)
        fetch = resolve_fetch(fetch, session)
        fetch_timeout = resolve_fetch_timeout(fetch_timeout)
        refresh = require_bool(refresh, "refresh")
        keys = seeded_keys(jwks, self.issuers, refresh=refresh)
        max_stale = require_seconds(max_stale, "max_stale")
        self._use(
            KeyStore(
                configured,
                fetch=fetch,
                fetch_timeout=fetch_timeout,
                max_stale=max_stale,
                keys=keys,
                refresh=refresh,
                clock=self._aging,
            )
            for configured in self.issuers
        )
        # Last: whoever keeps the error of a wrong setting keeps what is made so far.
        _verifiers[id(self)] = self

    def __reduce__(self) -> tuple[Callable[[], Verifier], tuple[()]]:
        """Pickle the settings, without keys and tokens."""
        if type(self) is not Verifier:
            # What it checks besides would be lost.
            raise TypeError("a subclass of Verifier must define __reduce__ to be pickled")
        return self._made_again, ()

    @not_from_requests()
    def verify(self, token: Union[str, bytes]) -> Auth:
        """Verify an access token.

        This waits for the network only if the token's key is unknown, and for a second at most if the
        last refresh of the keys failed or was lost and the next one is due.

        Args:
            token: a compact JWS, without the word Bearer.

        Returns:
            The Auth of the token: the same object for as long as the token is cached.

        Raises:
            InvalidToken: the token was rejected; `reason` tells by which check.
            KeysUnavailable: the issuer's keys can't be fetched; retry later.
            RevocationsUnavailable: it is unknown which tokens are revoked; retry later.
        """
        sealed = seal(token)
        # An error tracker would send it with each error that is raised below.
        del token
        try:
            found = self._verify_without_waiting(sealed)
            return self._wait_for_key(found) if type(found) is _NeedsKey else found
        except RevocationsUnavailable:
            revocations = self.revocations
            if revocations is None:
                raise
        revocations.warm()
        found = self._verify_without_waiting(sealed)
        return self._wait_for_key(found) if type(found) is _NeedsKey else found

    @not_from_requests()
    async def verify_async(self, token: Union[str, bytes]) -> Auth:
        """Async version of `verify`."""
        sealed = seal(token)
        del token
        try:
            found = self._verify_without_waiting(sealed)
            return await self._wait_for_key_async(found) if type(found) is _NeedsKey else found
        except RevocationsUnavailable:
            revocations = self.revocations
            if revocations is None:
                raise
        await revocations.warm_async()
        found = self._verify_without_waiting(sealed)
        return await self._wait_for_key_async(found) if type(found) is _NeedsKey else found

    def warm(self) -> None:
        """Fetch the keys of each issuer that has no usable ones, and wait for them and revocations.

        Raises:
            KeysUnavailable: an issuer's keys can't be fetched. Those of the other issuers are fetched.
            RevocationsUnavailable: it is unknown which tokens are revoked.
        """
        self.prefetch()
        for issuer in self.issuers:
            self._keystores[issuer].warm()
        if self.revocations is not None:
            self.revocations.warm()

    async def warm_async(self) -> None:
        """Async version of `warm`."""
        self.prefetch()
        for issuer in self.issuers:
            await self._keystores[issuer].warm_async()
        if self.revocations is not None:
            await self.revocations.warm_async()

    def prefetch(self) -> None:
        """Start to fetch what `warm` would, without waiting. A failed fetch is only logged."""
        if self.revocations is not None:
            self.revocations.prefetch()
        for issuer in self.issuers:
            self._keystores[issuer].prefetch()

    def seconds_left(self, auth: Auth) -> float:
        """Return for how many more seconds the token of an Auth is accepted, leeway included.

        Whether it is revoked doesn't matter here.

        Args:
            auth: an Auth that this Verifier returned.

        Returns:
            Seconds. Zero or less means that the token is no longer accepted.
        """
        return self._ends_at(auth) - self._clock.time()

    def stats(self) -> VerifierStats:
        """Return the counters so far."""
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

    @property
    def has_accepted(self) -> bool:
        """Whether it has accepted any token so far."""
        return bool(self._headers)

    def _share_keys(self, pooled: Callable[[KeyStore], KeyStore]) -> None:
        """Use the key stores that `pooled` gives for those of this Verifier, before it is used."""
        self._use(pooled(self._keystores[issuer]) for issuer in self.issuers)

    def _use(self, keystores: Iterable[KeyStore]) -> None:
        """Find the keys of an issuer by each spelling that its tokens may have."""
        by_name: dict[str, KeyStore] = {}
        for keystore in keystores:
            issuer, *others = names_of_issuer(keystore.issuer)
            by_name[issuer] = keystore
            for other in others:
                # A name that is configured itself has keys of its own.
                if other not in self.issuers:
                    by_name.setdefault(other, keystore)
        # A trailing slash doesn't matter on either side.
        self._keystores: dict[str, KeyStore] = {
            spelling: keystore
            for name, keystore in by_name.items()
            for spelling in (name, name + "/")
        }

    def _verify_without_waiting(self, sealed: Sealed) -> Union[Auth, _NeedsKey]:
        """Verify a token that is cached, or whose key is known."""
        digest = sha256(sealed.reveal()).digest()
        aging = self._aging
        now, monotonic = aging.clock.time(), aging.clock.monotonic()
        # A copy of AgingClock.now: this runs for each request.
        seconds = monotonic + aging.lead
        if not aging.least < now - monotonic < aging.most:
            seconds = aging.compare(now, monotonic)
        entry = self._cache.get(digest, now, seconds)
        if entry is not None and not entry.keystore.refresh_if_due(seconds):
            self._hits += 1
            revocations = self.revocations
            if revocations is not None and (
                entry.version != revocations.version or seconds >= revocations.fresh_until
            ):
                self._check_again(entry, revocations, seconds)
            return entry.auth
        self._misses += 1
        remembered = self._headers.get(sealed.header())
        if remembered is not None:
            keystore, key = remembered
            if (
                keystore.serves(key, seconds)
                and not keystore.refresh_if_due(seconds)
                and (len(self.issuers) == 1 or self._claims(sealed, keystore))
            ):
                return self._accept(sealed, digest, keystore, key, now)
        return self._find_key(sealed, digest, now, seconds)

    def _wait_for_key(self, found: _NeedsKey) -> Auth:
        """Verify a token whose key is unknown, and start to learn what is revoked meanwhile."""
        if self.revocations is not None:
            self.revocations.prefetch()
        key = found.keystore.key(found.kid)
        return self._accept_new(found.sealed, found.digest, found.keystore, key, self._clock.time())

    async def _wait_for_key_async(self, found: _NeedsKey) -> Auth:
        """Async version of `_wait_for_key`."""
        if self.revocations is not None:
            self.revocations.prefetch()
        key = await found.keystore.key_async(found.kid)
        return self._accept_new(found.sealed, found.digest, found.keystore, key, self._clock.time())

    def _claims(self, sealed: Sealed, keystore: KeyStore) -> bool:
        """Return whether a token claims to be of the issuer of these keys."""
        iss = (sealed.issuer(self._keystores) or {}).get("iss")
        return isinstance(iss, str) and self._keystores.get(iss) is keystore

    def _find_key(
        self, sealed: Sealed, digest: bytes, now: float, seconds: float
    ) -> Union[Auth, _NeedsKey]:
        """Verify a token whose header segment is new."""
        if not sealed.is_well_formed():
            raise InvalidToken("malformed")
        keystore = self._keystore_to_try(sealed)
        kid = self._kid(sealed)
        key = keystore.known_key(kid, seconds)
        if key is None or keystore.refresh_if_due(seconds):
            # Keys are fetched for tokens of this issuer only.
            if len(self.issuers) == 1:
                self._claimed_keystore(sealed)
            return _NeedsKey(sealed, digest, keystore, kid)
        return self._accept_new(sealed, digest, keystore, key, now)

    def _keystore_to_try(self, sealed: Sealed) -> KeyStore:
        """Return the keys to try; with one issuer, before decoding the payload, which may be forged."""
        if len(self.issuers) == 1:
            return self._keystores[self.issuers[0]]
        return self._claimed_keystore(sealed)

    def _kid(self, sealed: Sealed) -> str:
        try:
            return parse_header(sealed.header())
        except InvalidToken:
            # If the token is from elsewhere, that is the reason to give.
            self._claimed_keystore(sealed)
            raise

    def _claimed_keystore(self, sealed: Sealed) -> KeyStore:
        """Return the keys for a token: its unverified `iss` only picks among the configured issuers."""
        claims = sealed.issuer(self._keystores)
        if claims is None:
            raise InvalidToken("malformed")
        return self._keystore_for(claims)

    def _keystore_for(self, claims: dict[str, Any]) -> KeyStore:
        keystore = self._keystores.get(required_string(claims, "iss"))
        if keystore is None:
            raise InvalidToken("wrong_issuer")
        return keystore

    def _accept(
        self, sealed: Sealed, digest: bytes, keystore: KeyStore, key: VerificationKey, now: float
    ) -> Auth:
        """Check the signature and the claims of a token, and remember its Auth."""
        found = sealed.claims(key)
        if isinstance(found, str):
            # With several issuers the payload has been decoded before.
            is_sound = len(self.issuers) > 1 or sealed.is_well_formed()
            raise InvalidToken(found if is_sound else "malformed")
        claims, memory = found
        if self._keystore_for(claims) is not keystore:
            raise InvalidToken("wrong_issuer")
        auth = auth_from_claims(claims, keystore.issuer, self._audience, self._leeway, now)
        self._refuse_revoked(auth, now)
        # Only now: forged tokens must not fill the cache.
        entry = CacheEntry(auth, self._ends_at(auth), key, keystore, ENTRY_BYTES + memory)
        self._cache.put(digest, entry, now)
        return auth

    @staticmethod
    def _check_again(entry: CacheEntry, revocations: RevocationList, seconds: float) -> None:
        """Refuse a cached token if it was revoked since it was last looked at, or if that is unknown."""
        # Before the check: what is revoked during it has another version.
        version = revocations.version
        if revocations.is_revoked(entry.auth):
            raise InvalidToken("revoked")
        if seconds >= revocations.fresh_until:
            raise RevocationsUnavailable
        entry.version = version

    def _refuse_revoked(self, auth: Auth, now: float) -> None:
        revocations = self.revocations
        if revocations is not None and (
            now > auth.claims["iat"] + revocations.max_token_age or revocations.is_revoked(auth)
        ):
            raise InvalidToken("revoked")
        if revocations is not None and self._aging.now() >= revocations.fresh_until:
            raise RevocationsUnavailable

    def _ends_at(self, auth: Auth) -> float:
        """Return the time from which on a token is no longer accepted."""
        expires_at: float = auth.claims["exp"] + self._leeway
        if self.revocations is None:
            return expires_at
        too_old_at: float = auth.claims["iat"] + self.revocations.max_token_age
        return min(expires_at, too_old_at)

    def _accept_new(
        self, sealed: Sealed, digest: bytes, keystore: KeyStore, key: VerificationKey, now: float
    ) -> Auth:
        """Do as `_accept` for a token whose header segment is new, and remember that."""
        auth = self._accept(sealed, digest, keystore, key, now)
        # Only now: forged tokens must not fill the memory of headers.
        if len(self._headers) >= MAX_HEADERS * len(self.issuers):
            self._headers.clear()
        self._headers[sealed.header()] = keystore, key
        return auth


def verifiers_in_use() -> list[Verifier]:
    """Return all Verifiers of this process."""
    found = [reference() for reference in list(_verifiers.valuerefs())]
    return [verifier for verifier in found if verifier is not None]


# Guards pass a sealed token to these, and a string to what replaces them in a subclass or a test.
OWN_VERIFY, OWN_VERIFY_ASYNC = Verifier.verify, Verifier.verify_async


def _require_revocations(revocations: Optional[RevocationList]) -> Optional[RevocationList]:
    if revocations is None or isinstance(revocations, RevocationList):
        return revocations
    raise ConfigurationError("revocations must be an object, such as Revocations().")
