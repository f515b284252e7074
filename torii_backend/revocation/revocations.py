"""Revocations: refuse the access tokens of users who were banned or signed out.

State: one Table, and who watches tokens. `_lock` is held while either is changed, and never while a
watcher is called, or Redis. Readers of the table take no lock. It is re-entrant, as garbage collection
may run anything within it.

With Redis, a Listener merges what other processes revoke. It sets `fresh_until`, which is all that a
request looks at: as long as that is in the future, nobody waits.

A forked child inherits the table. It gets a new lock, waits for its own listener, and forgets the
watchers, whose event loops run in the parent.
"""

from __future__ import annotations

import logging
import math
import re
import sys
import time
import weakref
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, NoReturn, Optional, Union
from uuid import UUID

import msgspec

from torii_backend._keys.aging import aging_clock
from torii_backend._keys.fork_safety import new_lock, reset_in_child
from torii_backend.auth import not_from_requests
from torii_backend.errors import ConfigurationError, RevocationsUnavailable
from torii_backend.observing.kinds import Revoked
from torii_backend.observing.slots import tell
from torii_backend.revocation.arguments import Moment, in_seconds, spellings
from torii_backend.revocation.table import Entry, Table
from torii_backend.revocation.watchers import Watchers
from torii_backend.settings import Unchanging, require_non_negative_int, require_seconds

if TYPE_CHECKING:
    from torii_backend._keys.aging import Clock
    from torii_backend.auth import Auth
    from torii_backend.revocation.listener import Listener

DEFAULT_MAX_TOKEN_AGE = 86400.0
DEFAULT_MAX_ENTRIES = 100_000
DEFAULT_START_TIMEOUT = 2.0
# A wrong clock elsewhere must not sign users out for longer.
MAX_SECONDS_AHEAD = 60.0
# The heartbeat comes every second.
_LEAST_MAX_STALE = 2.0
_NAMESPACE = re.compile(r"[\w.-]{1,100}\Z", re.ASCII)

logger: logging.Logger = logging.getLogger("torii_backend.revocation")

_of_the_process: weakref.WeakSet[Revocations] = weakref.WeakSet()


class RevocationStats(msgspec.Struct, frozen=True):
    """What a `Revocations` knows, for a metrics endpoint.

    All but the first two are about Redis.

    Attributes:
        entries: how many users have revoked tokens that would not be too old by now.
        everybody: until when everybody's tokens are revoked, in seconds since the epoch; or None.
        fresh: whether Redis responded within the last seconds, so that nothing is missing.
        stale_for: seconds since the last response if it isn't fresh, or else 0.
        last_event_lag: seconds that the latest news of another process took, by the clocks of Redis
            and of this machine; None until there were any.
        resyncs: how often all was read again, after a lost connection or lost data.
        unwritten: revocations that Redis lacks. They are written as soon as possible.
        skipped: entries in Redis that are not revocations.
    """

    entries: int
    everybody: Optional[float]
    fresh: bool
    stale_for: float
    last_event_lag: Optional[float]
    resyncs: int
    unwritten: int
    skipped: int


@not_from_requests()
class Revocations(Unchanging):
    """The access tokens that are refused before they expire. Pass it to Verifiers and to the client.

    All processes that use the same Redis know within a second what one of them revokes. Without Redis, it
    knows what it was told in this process, and what the process knew that it was forked from. It is safe
    to use from any thread, task or forked process.

    Args:
        url_or_client: the URL of a Redis server, such as `redis://127.0.0.1:6379/0`, or a client of
            redis-py or valkey whose `socket_timeout` is above 1 second. None, the default, is this process
            alone.
        namespace: distinguishes applications and environments that share a Redis, `torii` by default.
        max_token_age: seconds after which a revocation is forgotten, 24 hours by default. Verifiers
            refuse tokens that are older than this, so keep it above the lifetime of your tokens.
        max_entries: how many users are remembered one by one, 100,000 by default, in about 14 MB. If
            there are more, everybody's tokens are revoked until the oldest of these revocations.
        max_stale: seconds without Redis after which Verifiers raise RevocationsUnavailable, from 2 on.
            None, the default, goes on with what is known.
        start_timeout: seconds that the first verification of a process waits at most for Redis, 2 by
            default.
        clock: the source of time, for tests.

    Attributes:
        max_token_age: the same as the argument.
        version: a number that changes whenever more tokens are revoked.
        fresh_until: from then on, Verifiers call `warm` first. In seconds of the aging clock.

    Raises:
        ConfigurationError: a setting is wrong, or the package redis is missing.
    """

    def __init__(
        self,
        url_or_client: Any = None,
        *,
        namespace: str = "torii",
        max_token_age: float = DEFAULT_MAX_TOKEN_AGE,
        max_entries: int = DEFAULT_MAX_ENTRIES,
        max_stale: Optional[float] = None,
        start_timeout: float = DEFAULT_START_TIMEOUT,
        clock: Clock = time,
    ) -> None:
        has_redis, is_own = url_or_client is not None, isinstance(url_or_client, str)
        connect = _connector(url_or_client) if has_redis else None
        # It may have a password, and reports of errors show variables.
        del url_or_client
        if isinstance(connect, str):
            raise ConfigurationError(connect)
        self.max_token_age: float = require_seconds(max_token_age, "max_token_age")
        if max_token_age == 0:
            raise ConfigurationError("max_token_age must be more than 0 seconds, such as 86400.")
        if require_non_negative_int(max_entries, "max_entries") == 0:
            raise ConfigurationError("max_entries must be at least 1, such as 100000.")
        if not isinstance(namespace, str) or not _NAMESPACE.match(namespace):
            raise ConfigurationError("namespace must be a word, such as torii.")
        require_seconds(start_timeout, "start_timeout")
        _check_max_stale(max_stale, has_redis=has_redis)
        self._clock = clock
        self._max_entries = max_entries
        self._table = Table(max_entries, max_token_age)
        self.version: int = 0
        self.fresh_until: float = math.inf
        self._watchers = Watchers()
        self._has_warned = False
        self._lock = new_lock()
        self._listener: Optional[Listener] = None
        if connect is not None:
            from torii_backend.revocation.listener import Listener
            from torii_backend.revocation.log import Log

            log = Log(connect, namespace, max_token_age, is_own=is_own)
            self.fresh_until = -math.inf
            self._listener = Listener(self, log, aging_clock(clock), max_stale, start_timeout)
        reset_in_child(self)
        _of_the_process.add(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("Revocations can't be pickled. Make one in each process.")

    def is_revoked(self, auth: Auth) -> bool:
        """Return whether the token of an Auth is revoked. Verifiers ask this by themselves.

        Args:
            auth: an Auth that a Verifier returned.

        Returns:
            Whether it was issued before its user, its actor or everybody was revoked.
        """
        return self._table.is_revoked(auth)

    def revoke(self, user_id: Union[str, UUID], *, at: Moment = None) -> None:
        """Refuse the tokens that a user has, and those in which the user acts as someone else.

        Tokens that are issued later are accepted: a user who isn't banned can sign in again.

        Args:
            user_id: the user, as in `Auth.user_id`.
            at: tokens issued until this time are refused, an aware datetime or seconds since the
                epoch; now by default. At most 60 seconds ahead.

        Raises:
            TypeError: an argument has the wrong type.
            ValueError: `user_id` can't be an id, or `at` is not a time.
            ToriiConnectionError: Redis did not store it. It counts in this process all the same, and
                in others as soon as Redis responds.
            ConfigurationError: the Redis server is too old.
        """
        self._note(spellings(user_id), at, "Revoked")

    def refresh(self, user_id: Union[str, UUID], *, at: Moment = None) -> None:
        """Refuse the tokens that a user has, because roles or claims in them have changed.

        The browser then gets a new token by itself. Args and Raises are those of `revoke`.
        """
        self._note(spellings(user_id), at, "Outdated")

    def revoke_all(self, *, at: Moment = None) -> None:
        """Refuse the tokens that everybody has, such as after a signing key was stolen.

        Args:
            at: as in `revoke`.

        Raises:
            TypeError: `at` has the wrong type.
            ValueError: `at` is not a time.
            ToriiConnectionError: as in `revoke`.
            ConfigurationError: as in `revoke`.
        """
        self._note((None,), at, "Revoked")

    async def revoke_async(self, user_id: Union[str, UUID], *, at: Moment = None) -> None:
        """Async version of `revoke`. Redis is called on a thread."""
        await self._on_thread(partial(self.revoke, user_id, at=at))

    async def refresh_async(self, user_id: Union[str, UUID], *, at: Moment = None) -> None:
        """Async version of `refresh`. Redis is called on a thread."""
        await self._on_thread(partial(self.refresh, user_id, at=at))

    async def revoke_all_async(self, *, at: Moment = None) -> None:
        """Async version of `revoke_all`. Redis is called on a thread."""
        await self._on_thread(partial(self.revoke_all, at=at))

    def stats(self) -> RevocationStats:
        """Return what is known now. This takes milliseconds if there are many entries."""
        with self._lock:
            is_full = self._table.settle(self._clock.time())
            self.version += is_full
            entries, everybody = len(self._table), self._table.everybody
        self._tell(is_full=is_full)
        if self._listener is None:
            return RevocationStats(entries, everybody, True, 0.0, None, 0, 0, 0)
        return RevocationStats(entries, everybody, *self._listener.stats())

    def watch(self, auth: Auth, on_revoked: Callable[[], None]) -> Callable[[], None]:
        """Call a function once the token of an Auth is revoked, at once if it is.

        Args:
            auth: an Auth that a Verifier returned.
            on_revoked: called without arguments, on the thread that revokes, and again if more is
                revoked. It must neither wait nor raise.

        Returns:
            A function that ends this. Call it when you no longer need to know.
        """
        with self._lock:
            stop = self._watchers.add(auth, on_revoked)
        self.prefetch()
        if self.is_revoked(auth):
            on_revoked()

        def stop_watching() -> None:
            with self._lock:
                stop()

        return stop_watching

    def prefetch(self) -> None:
        """Start to listen to Redis, without waiting. The first verification does so, too."""
        if self._listener is not None:
            self._listener.start()

    def warm(self) -> None:
        """Wait until Redis was read, until `start_timeout` has passed since the start. Verifiers do so.

        Raises:
            RevocationsUnavailable: Redis has not responded for `max_stale` seconds.
        """
        if self._listener is not None and not self._listener.wait():
            raise RevocationsUnavailable

    async def warm_async(self) -> None:
        """Async version of `warm`."""
        if self._listener is not None and not await self._listener.wait_async():
            raise RevocationsUnavailable

    def close(self) -> None:
        """Stop listening to Redis. What is known stays, and what is revoked is still written."""
        if self._listener is not None:
            self._listener.close()

    def after_fork_in_child(self) -> None:
        """Make a new lock and forget the watchers; see `fork_safety`."""
        self._lock = new_lock()
        self._watchers = Watchers()
        if self._listener is not None:
            self._listener.after_fork_in_child()
            self.fresh_until = -math.inf

    def _forget(self) -> None:
        """Forget what was revoked, but for what is in Redis. For tests; see `forget_revocations`."""
        with self._lock:
            self._table = Table(self._max_entries, self.max_token_age)
        if self._listener is not None:
            self._listener.forget()

    def _note(self, user_ids: tuple[Optional[str], ...], at: Moment, what: str) -> None:
        now = self._clock.time()
        moment = min(in_seconds(at, now), now + MAX_SECONDS_AHEAD)
        self._merge([Entry(user_ids, moment)])
        logger.debug("%s the tokens of %s.", what, user_ids[0] or "everybody")
        tell(Revoked("everybody" if user_ids[0] is None else "user", what == "Outdated"))
        if self._listener is not None:
            problem = self._listener.write(user_ids[0], moment)
            if problem is not None:
                raise problem

    def _merge(self, entries: Iterable[Entry]) -> None:
        """Note revocations, and tell those who watch. All go this way, whoever made them."""
        now = self._clock.time()
        is_full = False
        changed: set[Optional[str]] = set()
        with self._lock:
            for user_ids, moment in entries:
                changed.update(user_ids)
                for user_id in user_ids:
                    is_full = self._table.merge(user_id, moment, now) or is_full
            # After the change: who reads it earlier looks at the table again.
            self.version += 1
            watching = self._watchers.of(None if is_full else changed)
        self._tell(is_full=is_full)
        for auth, on_revoked in watching:
            if self.is_revoked(auth):
                on_revoked()

    def _moments(self) -> dict[Optional[str], float]:
        """Return all revocations that are not too old, None for that of everybody."""
        with self._lock:
            self._table.settle(self._clock.time())
            return self._table.moments()

    def _tell(self, *, is_full: bool) -> None:
        if is_full and not self._has_warned:
            self._has_warned = True
            logger.warning(
                "More users are revoked than max_entries, so everybody's older tokens are refused."
            )

    async def _on_thread(self, call: Callable[[], None]) -> None:
        """Call a function where it may wait for Redis."""
        import asyncio

        if self._listener is None:
            call()
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            trio: Any = sys.modules.get("trio")
            if trio is None:
                raise
            await trio.to_thread.run_sync(call)
        else:
            await loop.run_in_executor(None, call)


def forget_revocations() -> None:
    """Make every Revocations of the process forget what was revoked, so that a test begins anew."""
    for revocations in list(_of_the_process):
        revocations._forget()


def _connector(url_or_client: Any) -> Union[Callable[[], Any], str]:
    # Only who has Redis pays for the import.
    from torii_backend.revocation.redis import connector

    return connector(url_or_client)


def _check_max_stale(max_stale: Optional[float], *, has_redis: bool) -> None:
    if max_stale is None:
        return
    if not has_redis:
        raise ConfigurationError(
            "url_or_client must be set if max_stale is, such as redis://127.0.0.1:6379/0."
        )
    if require_seconds(max_stale, "max_stale") < _LEAST_MAX_STALE:
        raise ConfigurationError("max_stale must be at least 2 seconds, such as 5, or None.")
