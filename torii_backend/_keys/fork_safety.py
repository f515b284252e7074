"""What keeps the keys usable across os.fork: in a child, only the thread that called it goes on.

Three things would break a forked child, and each has its remedy in the child:

- a lock that another thread held stays locked forever: the child gets a new one;
- a thread that was fetching is gone, and its flight would never end: the child forgets it;
- a module that another thread was importing stays half-made, and who imports it would wait for that
  thread forever: the child forgets the module and its import lock, and imports it anew.

Nothing waits before a fork. A hook that waits for a lock of ours holds up the locks that the hooks of
others have taken by then, such as that of logging, which our own threads may need to get on.

At the time of `_repair` the child has no other thread, so it needs no lock. Objects are held weakly.
State: the threads that ran when the last fork began. Greenlets are not among them: they go on in
the child, and so do their imports.
"""

from __future__ import annotations

import os
import sys
import threading
import weakref
from contextlib import AbstractContextManager
from typing import Any, Protocol


class ForkAware(Protocol):
    """An object that has to forget its threads and its locks in a forked child."""

    def after_fork_in_child(self) -> None:
        """Forget the threads of the parent, and make new locks."""
        ...


_fork_aware: weakref.WeakSet[ForkAware] = weakref.WeakSet()
_threads: frozenset[int] = frozenset()


def reset_in_child(thing: ForkAware) -> None:
    """Call `thing.after_fork_in_child()` in every process that is forked from now on."""
    _fork_aware.add(thing)


def new_lock() -> AbstractContextManager[bool]:
    """Return a re-entrant lock, for what has to replace it in a child."""
    return threading.RLock()


def _note_threads() -> None:
    global _threads  # noqa: PLW0603 (there is one list for the process)
    _threads = frozenset(sys._current_frames())


def _repair() -> None:
    _forget_half_made_modules(_threads - sys._current_frames().keys())
    for thing in list(_fork_aware):
        thing.after_fork_in_child()


def _forget_half_made_modules(lost: frozenset[int]) -> None:
    """Drop what threads that are lost were importing, with submodules, which may refer to it."""
    # Private, but the same from Python 3.3 on; without it, an import in the child may hang.
    locks: dict[str, Any] = getattr(sys.modules.get("_frozen_importlib"), "_module_locks", {})
    for name, reference in list(locks.items()):
        if getattr(reference(), "owner", None) in lost:
            del locks[name]
            spec = getattr(sys.modules.get(name), "__spec__", None)
            if getattr(spec, "_initializing", False):
                for loaded in list(sys.modules):
                    if f"{loaded}.".startswith(f"{name}."):
                        del sys.modules[loaded]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_note_threads, after_in_child=_repair)
