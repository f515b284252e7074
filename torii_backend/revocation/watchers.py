"""Watchers: who wants to know when a token is revoked. Pure; the caller holds a lock."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Callable, Optional

if TYPE_CHECKING:
    from torii_backend.auth import Auth

Watcher = tuple["Auth", Callable[[], None]]


class Watchers:
    """Watchers by the ids of user and actor, so that a revocation asks few of many."""

    def __init__(self) -> None:
        self._by_id: dict[str, dict[object, Watcher]] = {}

    def add(self, auth: Auth, on_revoked: Callable[[], None]) -> Callable[[], None]:
        """Add a watcher of a token; return a function that removes it."""
        ids = {auth.user_id, auth.actor or auth.user_id}
        key = object()
        for each in ids:
            self._by_id.setdefault(each, {})[key] = auth, on_revoked

        def remove() -> None:
            for each in ids:
                watchers = self._by_id.get(each, {})
                watchers.pop(key, None)
                if not watchers:
                    self._by_id.pop(each, None)

        return remove

    def of(self, ids: Optional[Iterable[Optional[str]]]) -> list[Watcher]:
        """Return the watchers of these ids; all of them for None, or if None is one of the ids."""
        if not self._by_id:
            return []
        known = set(self._by_id) if ids is None else set(ids)
        if None in known:
            known = set(self._by_id)
        found: dict[object, Watcher] = {}
        for each in known:
            found.update(self._by_id.get(each or "", {}))
        return list(found.values())
