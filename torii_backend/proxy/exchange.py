"""What has happened on the wire for one request: httpcore doesn't tell, and three promises depend on it.

A request is sent again only if it failed on a reused connection before any byte of the response, and the
header block of a response has to be complete within the wait, while httpcore bounds each read alone. And
a connection is kept only if nothing came after its response: httpcore would take that for the beginning
of the next one, which another user gets.

`current_exchange` is set while a request is sent and its response headers are read. The stream of a
connection finds the exchange there with the first bytes that it writes, and keeps it until the next one:
a connection serves one request at a time. No lock is needed, for the same reason.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import Callable, Optional

_BLANK_LINES = (b"\n\r\n", b"\n\n")


class Exchange:
    """One attempt to send a request.

    Attributes:
        is_reused: whether the connection has served another request before.
        has_response: whether any byte of a response has come.
        is_in_head: whether the header block of the response isn't complete yet.
        is_clean: whether the response has come to its end, and nothing after it.
        is_client_gone: asked again and again while we wait, if there is no other way to hear of it.
    """

    __slots__ = (
        "_deadline",
        "_last",
        "has_response",
        "is_clean",
        "is_client_gone",
        "is_in_head",
        "is_reused",
    )

    def __init__(self, is_client_gone: Optional[Callable[[], bool]] = None) -> None:
        self.is_client_gone: Optional[Callable[[], bool]] = is_client_gone
        self.begin(is_reused=False)

    def begin(self, *, is_reused: bool) -> None:
        """Note that the first bytes are written to a connection."""
        self.is_reused: bool = is_reused
        self.has_response: bool = False
        self.is_in_head: bool = True
        self.is_clean: bool = False
        self._last: bytes = b""
        self._deadline: Optional[float] = None

    def note(self, data: bytes) -> None:
        """Note what was read."""
        self.has_response = self.has_response or bool(data)
        self._last = data

    def note_end(self, piece: bytes = b"") -> None:
        """Note the end of a response.

        Args:
            piece: the last one of the body, as far as it is known. Before it, in what was read last, is
                nothing or the blank line of the header block. So is the end of a body in chunks.
        """
        last, self._last = self._last, b""
        before = last[: len(last) - len(piece)]
        is_at_end = before.endswith(_BLANK_LINES) or bool(piece and not before)
        self.is_clean = last.endswith(piece) and is_at_end

    def seconds_left(self, wait: float) -> float:
        """Return how long the next read may wait; 0 or less if the header block is late."""
        if not self.is_in_head:
            return wait
        now = time.monotonic()
        if self._deadline is None:
            self._deadline = now + wait
        return self._deadline - now


current_exchange: ContextVar[Optional[Exchange]] = ContextVar("current_exchange")
