"""An inbox in a table: what SQLAlchemy and Django's ORM share.

A row is the `Entry` of one delivery. A claim reads it and, if the delivery is new, inserts the row, or
updates it where its state and owner are still those that were read. Of two claims at once, one writes
and the other one reads again. So no lock is held while handlers run, and any database will do.

If `is_atomic`, the transaction that wrote the row stays open until `done` commits it, or `release` rolls it
back, with what the handlers wrote. `_thread.held` has those of a thread, and only that thread ends them.
Until then, another claim waits for the database to tell whether the row is there.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from threading import local
from typing import Any, Callable, NamedTuple, Optional

from torii_backend.errors import ConfigurationError
from torii_backend.events.inbox import Claim, Entry
from torii_backend.settings import Unchanging, require_seconds

_TRIES = 5
_SECONDS_BETWEEN_DELETES = 3600.0


class _Held(NamedTuple):
    owner: str
    connection: Any
    transaction: ExitStack


class _ThreadLocal(local):
    def __init__(self) -> None:
        self.held: list[_Held] = []


class TableInbox(Unchanging):
    """An inbox in a table. A subclass knows how to reach it."""

    # What a database raises if the row is there.
    _conflict: type[Exception]

    def __init__(
        self, *, is_atomic: bool, retention: float, clock: Callable[[], float] = time.time
    ) -> None:
        self.is_atomic: bool = is_atomic
        self._retention = require_seconds(retention, "retention")
        self._clock = clock
        self._deleted_at = float("-inf")
        self._thread = _ThreadLocal()

    def claim(self, key: str, owner: str, lease: float) -> Claim:
        """Claim a delivery for an owner, see `Inbox`."""
        try:
            self._delete_if_due()
            for _ in range(_TRIES):
                with suppress(self._conflict):
                    claim = self._try(key, owner, lease)
                    if claim is not None:
                        return claim
        except Exception:
            if self._lacks_table():
                raise ConfigurationError(self._missing()) from None
            raise
        return Claim("busy")

    def done(self, key: str, owner: str) -> None:
        """Remember that the handlers of a delivery have finished, see `Inbox`."""
        until = self._clock() + self._retention
        with ExitStack() as stack:
            connection = self._resume(owner, stack)
            self._write(connection, key, ("claimed", owner), Entry("done", owner, until))

    def release(self, key: str, owner: str, finished: Sequence[str]) -> None:
        """Give up a delivery, see `Inbox`."""
        until = self._clock() + self._retention
        entry = Entry("released", owner, until, tuple(finished))
        with suppress(_RollBack), ExitStack() as stack:
            connection = self._resume(owner, stack)
            if self.is_atomic:
                raise _RollBack
            self._write(connection, key, ("claimed", owner), entry)

    def _try(self, key: str, owner: str, lease: float) -> Optional[Claim]:
        """Return what to say to a claim; None if another one was faster."""
        before, now = self._read(key), self._clock()
        claim = Claim("new") if before is None else before.claim(now)
        if claim.state != "new":
            return claim
        entry = Entry("claimed", owner, now + lease, claim.finished)
        with ExitStack() as stack:
            connection = stack.enter_context(self._transaction())
            if before is None:
                self._insert(connection, key, entry)
            elif not self._write(connection, key, before[:2], entry):
                return None
            if self.is_atomic:
                self._thread.held.append(_Held(owner, connection, stack.pop_all()))
            return claim

    def _resume(self, owner: str, stack: ExitStack) -> Any:
        """Enter the transaction that holds the claim of an owner, or a new one."""
        if not self.is_atomic:
            return stack.enter_context(self._transaction())
        held = self._thread.held
        for index, each in enumerate(held):
            if each.owner == owner:
                stack.push(held.pop(index).transaction)
                return each.connection
        raise RuntimeError("done and release must be called on the thread of the claim.")

    def _delete_if_due(self) -> None:
        """Delete what is forgotten, once an hour."""
        now = time.monotonic()
        if now - self._deleted_at >= _SECONDS_BETWEEN_DELETES:
            self._delete(self._clock())
            self._deleted_at = now

    def _lacks_table(self) -> bool:
        """Return whether the database says that there is no table."""
        with suppress(Exception):
            return not self._has_table()
        return False

    def _transaction(self) -> AbstractContextManager[Any]:
        """Give a connection, in a transaction that an exception rolls back."""
        raise NotImplementedError

    def _read(self, key: str) -> Optional[Entry]:
        """Return the entry of a delivery, read outside of the transaction."""
        raise NotImplementedError

    def _insert(self, connection: Any, key: str, entry: Entry) -> None:
        """Insert the row of a delivery, or raise `_conflict`."""
        raise NotImplementedError

    def _write(self, connection: Any, key: str, before: tuple[str, str], entry: Entry) -> bool:
        """Update a row in one statement if it has this state and owner, and return whether it had."""
        raise NotImplementedError

    def _delete(self, now: float) -> None:
        """Delete the rows of deliveries that are forgotten."""
        raise NotImplementedError

    def _has_table(self) -> bool:
        raise NotImplementedError

    def _missing(self) -> str:
        """Say that there is no table, and what to do about it."""
        raise NotImplementedError


class _RollBack(Exception):
    """Ends a transaction without writing."""
