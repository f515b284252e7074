"""What keeps the keys usable across os.fork: in a child, only the thread that called it goes on.

Three things would break a forked child, and each has its remedy:

- a lock that another thread held stays locked forever: the child gets a new one;
- a thread that was fetching is gone, and its flight would never end: the child forgets it;
- a module that another thread was importing stays half-made, and the child would deadlock on its
  import lock: `import_lock` is held during such an import, and os.fork waits for it.

The first two are the work of `after_fork_in_child`, which runs for each object given to
`reset_in_child`. At that time the child has no other thread, so it needs no lock. Objects are held
weakly. `import_lock` is held for the first import of a library only, never while anything is
fetched. It must be taken before any lock of ours, never inside one.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Protocol


class ForkAware(Protocol):
    """An object that has to forget its threads and its locks in a forked child."""

    def after_fork_in_child(self) -> None:
        """Forget the threads of the parent, and make new locks."""
        ...


import_lock: threading.Lock = threading.Lock()
_fork_aware: weakref.WeakSet[ForkAware] = weakref.WeakSet()


def reset_in_child(thing: ForkAware) -> None:
    """Call `thing.after_fork_in_child()` in every process that is forked from now on."""
    _fork_aware.add(thing)


def _reset_all() -> None:
    for thing in list(_fork_aware):
        thing.after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=import_lock.acquire,
        after_in_parent=import_lock.release,
        after_in_child=import_lock.release,
    )
    os.register_at_fork(after_in_child=_reset_all)
