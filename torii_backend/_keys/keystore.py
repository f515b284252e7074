"""KeyStore: the cached, refreshing verification keys of one issuer."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Optional, Protocol

from torii_backend._keys.cache_control import DEFAULT_SECONDS, freshness_lifetime
from torii_backend._keys.fetch import Fetch, FetchError, fetch
from torii_backend._keys.flight import FETCH_SECONDS, Attempt, Cause, Refresher
from torii_backend._keys.fork_safety import import_lock
from torii_backend._keys.keyset import KeySet
from torii_backend.errors import InvalidToken, KeysUnavailable

if TYPE_CHECKING:
    from torii_backend._jose.es256 import VerificationKey

JWKS_PATH = "/_torii/.well-known/jwks.json"
MAX_STALE_SECONDS = 24 * 3600.0
# A refresh starts once this part of the lifetime is over, so that fresh keys are there in time.
_REFRESH_AHEAD = 0.8


class Clock(Protocol):
    """Where the time comes from; the standard module `time` is one."""

    def time(self) -> float:
        """Return seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        ...


class KeyStore:
    """The keys of one issuer, fetched when first needed and kept fresh from then on.

    Reads take no lock and wait for nothing. Known keys go on serving while the issuer is out of
    reach, for at most `max_stale` seconds.

    Args:
        issuer: the issuer URL without trailing slash.
        fetch: gets a document: `(url, timeout in seconds) -> (body, headers)`.
        max_stale: seconds for which keys serve without a good fetch, 24 hours by default; never
            less than their lifetime.
        keys: keys by kid to start with; the first use fetches newer ones behind them.
        refresh: False never fetches: `keys` are all there is, for good.
        clock: the source of time, for tests.

    Attributes:
        issuer: the issuer URL.
    """

    def __init__(
        self,
        issuer: str,
        *,
        fetch: Fetch = fetch,
        max_stale: float = MAX_STALE_SECONDS,
        keys: Optional[dict[str, VerificationKey]] = None,
        refresh: bool = True,
        clock: Clock = time,
    ) -> None:
        self.issuer: str = issuer
        self._fetch = fetch
        self._max_stale = max_stale
        self._refreshes = refresh
        self._monotonic = clock.monotonic
        self._key_set = None if keys is None else self._seeded(keys)
        self._refresher = Refresher(issuer, self._load, self._install, clock.monotonic)

    def current(self) -> Optional[KeySet]:
        """Return the keys that serve now, without waiting; a due refresh is started behind them.

        Returns:
            The key set; None where none was fetched yet, or it is older than may serve.
        """
        key_set = self._key_set
        if key_set is None:
            return None
        now = self._monotonic()
        if now >= key_set.refresh_at:
            if now >= key_set.stale_at:
                return None
            self._refresher.start_if_idle(now, partial(self._cause, None, now))
        return key_set

    def key(self, kid: str) -> VerificationKey:
        """Return the key of this kid; fetches, and waits, only where the kid is not known.

        Raises:
            InvalidToken: `unknown_key`, the issuer publishes no such key.
            KeysUnavailable: the keys could not be fetched.
        """
        for attempt in self._attempts_for(kid):
            self._refresher.wait(attempt)
        return self._require_key(kid)

    async def key_async(self, kid: str) -> VerificationKey:
        """Do as `key`, but wait without blocking the event loop."""
        for attempt in self._attempts_for(kid):
            await self._refresher.wait_async(attempt)
        return self._require_key(kid)

    def key_for_header(self, header: bytes) -> Optional[VerificationKey]:
        """Return the key of a JWS header segment, if one that serves now is remembered with it."""
        key_set = self.current()
        return None if key_set is None else key_set.by_header.get(header)

    def remember_header(self, header: bytes, key: VerificationKey) -> None:
        """Remember that a signature under a JWS header segment has verified with a key."""
        if self._key_set is not None:
            self._key_set.remember_header(header, key)

    def warm(self) -> None:
        """Fetch the keys, unless they are there, and wait for them.

        Raises:
            KeysUnavailable: the keys could not be fetched.
        """
        for attempt in self._attempts_for(None):
            self._refresher.wait(attempt)
        self._require_keys()

    async def warm_async(self) -> None:
        """Do as `warm`, but wait without blocking the event loop."""
        for attempt in self._attempts_for(None):
            await self._refresher.wait_async(attempt)
        self._require_keys()

    def prefetch(self) -> None:
        """Start to fetch the keys, unless they are there, and wait for nothing."""
        next(self._attempts_for(None), None)

    @property
    def fetches(self) -> int:
        """How many fetches were started."""
        return self._refresher.fetches

    @property
    def failures(self) -> int:
        """How many fetches have failed."""
        return self._refresher.failures

    @property
    def age(self) -> Optional[float]:
        """Seconds since the last good fetch; None before it."""
        key_set = self._key_set
        return None if key_set is None else self._monotonic() - key_set.fetched_at

    def _attempts_for(self, kid: Optional[str]) -> Iterator[Attempt]:
        """Yield each attempt worth waiting for until the kid (None: any key) is known.

        An attempt that was under way already may have read the set before this kid was published:
        after it, one more is worth starting, unless it has failed.
        """
        for _ in range(2):
            key_set = self.current()
            if key_set is not None and (kid is None or kid in key_set.keys):
                return
            now = self._monotonic()
            attempt, is_new = self._refresher.join_or_start(now, partial(self._cause, kid, now))
            if attempt is None:
                return
            yield attempt
            if is_new or self._refresher.pacing.failures:
                return

    def _cause(self, kid: Optional[str], now: float) -> Cause:
        """Tell why a fetch is needed; another thread may have just made one."""
        key_set = self._key_set
        if not self._refreshes:
            return None
        if key_set is None or now >= key_set.refresh_at:
            return "due"
        return None if kid is None or kid in key_set.keys else "unknown_kid"

    def _require_key(self, kid: str) -> VerificationKey:
        key = self._require_keys().keys.get(kid)
        if key is not None:
            return key
        if self._refresher.pacing.failures:
            raise self._unavailable()
        raise InvalidToken("unknown_key")

    def _require_keys(self) -> KeySet:
        key_set = self.current()
        if key_set is None:
            raise self._unavailable()
        return key_set

    def _unavailable(self) -> KeysUnavailable:
        return KeysUnavailable(self._refresher.pacing.retry_after(self._monotonic()))

    def _seeded(self, keys: dict[str, VerificationKey]) -> KeySet:
        now = self._monotonic()
        if not self._refreshes:
            return KeySet(keys, fetched_at=now, refresh_at=math.inf, stale_at=math.inf)
        stale_at = now + max(DEFAULT_SECONDS, self._max_stale)
        return KeySet(keys, fetched_at=now, refresh_at=now, stale_at=stale_at)

    def _load(self) -> KeySet:
        """Fetch and parse, on the worker thread."""
        body, headers = self._fetch(self.issuer + JWKS_PATH, FETCH_SECONDS)
        # Not at the top: the cryptography takes longer to import than everything else together.
        with import_lock:
            from torii_backend._jose.jwks import parse_jwks
        try:
            keys = parse_jwks(body)
        except ValueError as error:
            raise FetchError(str(error)) from None
        if not keys:
            raise FetchError("the key set holds no usable ES256 key")
        now, lifetime = self._monotonic(), freshness_lifetime(headers)
        return KeySet(
            keys,
            fetched_at=now,
            refresh_at=now + _REFRESH_AHEAD * lifetime,
            stale_at=now + max(lifetime, self._max_stale),
            previous=self._key_set,
        )

    def _install(self, key_set: KeySet) -> None:
        self._key_set = key_set
