"""Revocations: refuse the access tokens of users who were banned or signed out.

State: one Table, and who watches tokens. `_lock` is held while either is changed, and never while a
watcher is called. Readers of the table take no lock. It is re-entrant, as garbage collection may run
anything within it.

A forked child inherits the table. It gets a new lock, and forgets the watchers, whose event loops run
in the parent.
"""

from __future__ import annotations

import logging
import math
import time
import weakref
from datetime import datetime
from typing import TYPE_CHECKING, Callable, NoReturn, Optional, Union
from uuid import UUID

import msgspec

from torii_backend._keys.fork_safety import new_lock, reset_in_child
from torii_backend.auth import not_from_requests
from torii_backend.errors import ConfigurationError
from torii_backend.revocation.table import Table
from torii_backend.revocation.watchers import Watchers
from torii_backend.settings import Unchanging, require_non_negative_int, require_seconds

if TYPE_CHECKING:
    from torii_backend._keys.aging import Clock
    from torii_backend.auth import Auth

DEFAULT_MAX_TOKEN_AGE = 86400.0
DEFAULT_MAX_ENTRIES = 100_000
# A wrong clock elsewhere must not sign users out for longer.
MAX_SECONDS_AHEAD = 60.0
_LONGEST_ID = 1024

logger: logging.Logger = logging.getLogger("torii_backend.revocation")

Moment = Union[float, datetime, None]

_of_the_process: weakref.WeakSet[Revocations] = weakref.WeakSet()


class RevocationStats(msgspec.Struct, frozen=True):
    """What a `Revocations` knows, for a metrics endpoint.

    Attributes:
        entries: how many users have revoked tokens that would not be too old by now.
        everybody: until when everybody's tokens are revoked, in seconds since the epoch; or None.
    """

    entries: int
    everybody: Optional[float]


@not_from_requests()
class Revocations(Unchanging):
    """The access tokens that are refused before they expire. Pass it to Verifiers and to the client.

    It knows what it was told in this process, and what the process knew that it was forked from. It is
    safe to use from any thread, task or forked process.

    Args:
        max_token_age: seconds after which a revocation is forgotten, 24 hours by default. Verifiers
            refuse tokens that are older than this, so keep it above the lifetime of your tokens.
        max_entries: how many users are remembered one by one, 100,000 by default, in about 14 MB. If
            there are more, everybody's tokens are revoked until the oldest of these revocations.
        clock: the source of time, for tests.

    Attributes:
        max_token_age: the same as the argument.
        version: a number that changes whenever more tokens are revoked.

    Raises:
        ConfigurationError: a setting is wrong.
    """

    def __init__(
        self,
        *,
        max_token_age: float = DEFAULT_MAX_TOKEN_AGE,
        max_entries: int = DEFAULT_MAX_ENTRIES,
        clock: Clock = time,
    ) -> None:
        self.max_token_age: float = require_seconds(max_token_age, "max_token_age")
        if max_token_age == 0:
            raise ConfigurationError("max_token_age must be more than 0 seconds, such as 86400.")
        if require_non_negative_int(max_entries, "max_entries") == 0:
            raise ConfigurationError("max_entries must be at least 1, such as 100000.")
        self._clock = clock
        self._max_entries = max_entries
        self._table = Table(max_entries, max_token_age)
        self.version: int = 0
        self._watchers = Watchers()
        self._has_warned = False
        self._lock = new_lock()
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
        """
        self._note(_spellings(user_id), at, "Revoked")

    def refresh(self, user_id: Union[str, UUID], *, at: Moment = None) -> None:
        """Refuse the tokens that a user has, because roles or claims in them have changed.

        The browser then gets a new token by itself. Args and Raises are those of `revoke`.
        """
        self._note(_spellings(user_id), at, "Outdated")

    def revoke_all(self, *, at: Moment = None) -> None:
        """Refuse the tokens that everybody has, such as after a signing key was stolen.

        Args:
            at: as in `revoke`.

        Raises:
            TypeError: `at` has the wrong type.
            ValueError: `at` is not a time.
        """
        self._note((None,), at, "Revoked")

    def stats(self) -> RevocationStats:
        """Return what is known now. This takes milliseconds if there are many entries."""
        with self._lock:
            is_full = self._table.settle(self._clock.time())
            self.version += is_full
            stats = RevocationStats(len(self._table), self._table.everybody)
        self._tell(is_full=is_full)
        return stats

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
        if self.is_revoked(auth):
            on_revoked()

        def stop_watching() -> None:
            with self._lock:
                stop()

        return stop_watching

    def after_fork_in_child(self) -> None:
        """Make a new lock and forget the watchers; see `fork_safety`."""
        self._lock = new_lock()
        self._watchers = Watchers()

    def _forget(self) -> None:
        """Forget what was revoked. For tests; see `forget_revocations`."""
        with self._lock:
            self._table = Table(self._max_entries, self.max_token_age)

    def _note(self, user_ids: tuple[Optional[str], ...], at: Moment, what: str) -> None:
        now = self._clock.time()
        moment = min(_seconds(at, now), now + MAX_SECONDS_AHEAD)
        is_full = False
        with self._lock:
            for user_id in user_ids:
                is_full = self._table.merge(user_id, moment, now) or is_full
            # After the change: who reads it earlier looks at the table again.
            self.version += 1
            watching = self._watchers.of(None if is_full else user_ids)
        self._tell(is_full=is_full)
        logger.debug("%s the tokens of %s.", what, user_ids[0] or "everybody")
        for auth, on_revoked in watching:
            if self.is_revoked(auth):
                on_revoked()

    def _tell(self, *, is_full: bool) -> None:
        if is_full and not self._has_warned:
            self._has_warned = True
            logger.warning(
                "More users are revoked than max_entries, so everybody's older tokens are refused."
            )


def forget_revocations() -> None:
    """Make every Revocations of the process forget what was revoked, so that a test begins anew."""
    for revocations in list(_of_the_process):
        revocations._forget()


def _seconds(at: Moment, now: float) -> float:
    """Return a moment in seconds since the epoch. Without one, the end of this second."""
    if at is None:
        # Issuers write whole seconds, and clocks differ.
        return math.ceil(now)
    if isinstance(at, datetime):
        if at.tzinfo is None:
            raise ValueError("at must be an aware datetime, such as datetime.now(timezone.utc).")
        at = at.timestamp()
    if isinstance(at, bool) or not isinstance(at, (int, float)):
        raise TypeError("at must be a datetime or seconds since the epoch, such as 1767225600.")
    if not 0 <= at < math.inf:
        raise ValueError("at must be a time since 1970, such as 1767225600.")
    return at


def _spellings(user_id: Union[str, UUID]) -> tuple[str, ...]:
    """Return an id as it was given, and a UUID as tokens have it, too: Torii takes both."""
    text = str(user_id) if isinstance(user_id, UUID) else user_id
    if not isinstance(text, str):
        raise TypeError("user_id must be a string or a UUID.")
    if not text or len(text) > _LONGEST_ID or not text.isprintable():
        raise ValueError("user_id must be an id, such as that in Auth.user_id.")
    try:
        return tuple(dict.fromkeys((text, str(UUID(text)))))
    except ValueError:
        return (text,)
