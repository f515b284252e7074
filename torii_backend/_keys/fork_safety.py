"""Imports on a worker thread, kept whole across os.fork."""

from __future__ import annotations

import os
import threading

# Held while a worker imports something for the first time: a child that was forked in the middle
# would find a half-made module, and wait for ever for the thread that was making it.
import_lock: threading.Lock = threading.Lock()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=import_lock.acquire,
        after_in_parent=import_lock.release,
        after_in_child=import_lock.release,
    )
