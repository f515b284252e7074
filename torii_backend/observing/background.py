"""Background: the thread on which listeners hear what happened on threads of ours.

A listener may block, as an exporter does whose collector hangs. It must hold up neither the threads that
fetch keys, which all issuers share, nor the one that reads revocations.

State: the calls that wait, and whether there is a thread. Events: a call is put, the thread takes the
next one or ends, the process forks. The thread ends if nothing waits, so an idle process has none.
At most MAX_WAITING calls wait; those beyond are dropped. `_lock` is never held during a call. It is
re-entrant, as garbage collection may run anything within it.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from contextlib import suppress
from typing import Callable

MAX_WAITING = 1000


class Background:
    """Makes calls in their order on one daemon thread."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Start anew, as in a forked child."""
        self._lock = threading.RLock()
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_running = False

    def put(self, call: Callable[[], None]) -> None:
        """Make a call later; drop it if too many wait, or if no thread can be started."""
        with self._lock:
            if len(self._waiting) >= MAX_WAITING:
                return
            self._waiting.append(call)
            if not self._is_running:
                self._is_running = True
                thread = threading.Thread(target=self._work, name="torii-observing", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # the interpreter is ending, or there are too many threads
                    self._is_running = False
                    self._waiting.clear()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._is_running = False
                    return
                call = self._waiting.popleft()
            # Exceptions were logged. What is left, such as SystemExit, must not end the thread.
            with suppress(BaseException):
                call()


BACKGROUND = Background()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=BACKGROUND.renew)
