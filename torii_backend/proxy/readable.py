"""Whether a socket has something to read, or its end, without reading it."""

from __future__ import annotations

import select
from typing import Any


class Readable:
    """Asks about one socket, as often as needed.

    Args:
        sock: a socket, or what stands for one in asyncio; None if it is gone.
    """

    def __init__(self, sock: Any) -> None:
        self._socket = sock
        self._fd: int = -1 if sock is None else sock.fileno()
        self._poll: Any = None
        if self._fd >= 0 and hasattr(select, "poll"):  # not on Windows
            self._poll = select.poll()
            self._poll.register(self._fd, select.POLLIN)

    def __call__(self) -> bool:
        """Return whether reading wouldn't wait. A socket that was closed has its end to read."""
        if self._fd < 0 or self._socket.fileno() != self._fd:
            return True
        if self._poll is None:
            return bool(select.select([self._fd], [], [], 0)[0])
        return bool(self._poll.poll(0))
