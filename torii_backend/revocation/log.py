"""The log of revocations in Redis: one stream, to which entries are appended.

`torii:{namespace}:revoked` has one entry a revocation, with the fields

    u   the user's id; everybody if the field is absent and there is an `all`
    t   tokens until this time are refused, in seconds since the epoch

Entries are read in the order of their ids, each page together with the entry that was read last. If that
is gone or differs, the stream was deleted, evicted, or replaced by another copy since: `read` returns
None, and the reader has to begin anew. So neither a missing connection nor a missing message is needed to
notice. The id alone would not tell: it is the time in milliseconds, and a new stream may begin in the
same one.

What is read isn't trusted: whoever can write to Redis can write anything into the stream.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Callable, NamedTuple, Optional

from torii_backend.revocation.arguments import spellings
from torii_backend.revocation.table import Entry

PAGE = 1000
# Clocks differ, and a time may be a minute ahead. So entries are kept for longer than they matter.
_KEPT_SECONDS = 3600.0
MAX_SECONDS_AHEAD = 60.0


class Stored(NamedTuple):
    """What Redis has of an entry: its id, and the fields in it, which may be anything."""

    name: bytes
    fields: Any


class Page(NamedTuple):
    """Some entries, and where the next page begins.

    Attributes:
        entries: those that can be read.
        skipped: how many can't.
        last: the last entry so far; None if there is none.
        written_at: when that was written, by the clock of Redis.
        has_more: whether there may be another page.
    """

    entries: list[Entry]
    skipped: int
    last: Optional[Stored]
    written_at: float
    has_more: bool


class Log:
    """The stream of a namespace. `connect` makes a client, also in each forked process.

    If it makes none of its own, the client's connections are left alone.
    """

    def __init__(
        self, connect: Callable[[], Any], namespace: str, max_age: float, *, is_own: bool
    ) -> None:
        self._connect = connect
        self._is_own = is_own
        self._client = connect()
        self._key = f"torii:{namespace}:revoked"
        self._max_age = max_age

    def append(self, moments: Mapping[Optional[str], float], now: float) -> None:
        """Write revocations, None for that of everybody; drop entries that no longer matter."""
        kept = self._max_age + _KEPT_SECONDS
        oldest = max(0, int((now - kept) * 1000))
        pipeline = self._client.pipeline(transaction=False)
        for user_id, moment in moments.items():
            whose = ("all", "1") if user_id is None else ("u", user_id)
            pipeline.execute_command(
                "XADD", self._key, "MINID", "~", oldest, "*", *whose, "t", repr(moment)
            )
        pipeline.execute_command("PEXPIRE", self._key, int(kept * 1000))
        pipeline.execute()

    def read(self, last: Optional[Stored], now: float) -> Optional[Page]:
        """Return what follows an entry, or the first page for None; None if the entry is gone."""
        begin = last.name if last else "-"
        # Some clients decode what they read, and fail if it isn't UTF-8.
        answer = self._client.execute_command(
            "XRANGE", self._key, begin, "+", "COUNT", PAGE, NEVER_DECODE=True
        )
        found = [Stored(name, fields) for name, fields in answer or () if name is not None]
        if last is not None:
            if not found or found[0] != last:
                return None
            del found[0]
        read = [_entry(each, now) for each in found]
        entries = [entry for entry in read if entry is not None]
        newest = found[-1] if found else last
        written_at = _written_at(newest) if newest else 0.0
        has_more = len(found) + (last is not None) == PAGE
        return Page(entries, len(read) - len(entries), newest, written_at, has_more)

    def wait(self, last: Optional[Stored], seconds: float) -> bool:
        """Wait for an entry after this one, a second at most; return whether there is one."""
        begin = last.name if last else "0-0"
        milliseconds = max(1, int(seconds * 1000))
        return bool(
            self._client.execute_command(
                *("XREAD", "COUNT", 1, "BLOCK", milliseconds, "STREAMS", self._key, begin),
                NEVER_DECODE=True,
            )
        )

    def reconnect(self) -> None:
        """Make a new client, in a forked process."""
        self._client = self._connect()

    def disconnect(self) -> None:
        """Close our own connections, also that of a thread that waits."""
        if self._is_own:
            self._client.connection_pool.disconnect()


def _entry(stored: Stored, now: float) -> Optional[Entry]:
    """Return the revocation of an entry; None if it isn't one."""
    fields = stored.fields
    try:
        moment = float(fields[b"t"])
        if not 0 <= moment < math.inf:
            return None
        # A wrong clock elsewhere must not sign users out for longer.
        moment = min(moment, max(_written_at(stored), now) + MAX_SECONDS_AHEAD)
        if b"u" in fields:
            return Entry(spellings(fields[b"u"].decode()), moment)
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
    return Entry((None,), moment) if b"all" in fields else None


def _written_at(stored: Stored) -> float:
    """Return the time in the id of an entry, in seconds since the epoch."""
    return int(stored.name.partition(b"-")[0]) / 1000
