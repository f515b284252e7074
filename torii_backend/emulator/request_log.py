"""RequestLog: the last requests, for the log and for the console.

It keeps 200 entries, whose bodies are masked before they are kept. An entry never changes. The lock guards the
list and the numbers. Requests to the admin API are not kept, because a console that shows the requests
would fill the list with its own.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from datetime import datetime
from threading import Lock
from typing import Optional
from urllib.parse import quote

import msgspec
from werkzeug.wrappers import Request, Response

from torii_backend.emulator.body import body_read
from torii_backend.emulator.masking import MASK, masked_body, masked_text
from torii_backend.emulator.store.timestamps import now

_ADMIN_API = "/_emulator/"
_MAX_ENTRIES = 200
_MAX_NAME = 200

logger: logging.Logger = logging.getLogger("torii_backend.emulator")


class Exchange(msgspec.Struct, frozen=True, rename="camel"):
    """A request and its response. `status` is None if the connection was dropped."""

    n: int
    method: str
    path: str
    status: Optional[int]
    ms: float
    at: datetime


class Bodies(msgspec.Struct, frozen=True, rename="camel"):
    """The masked bodies of an exchange. None if there is none, or it is neither JSON nor a form."""

    request_body: Optional[str]
    response_body: Optional[str]


class RequestLog:
    """The last requests. Threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._count = 0
        self._entries: deque[tuple[Exchange, Bodies]] = deque(maxlen=_MAX_ENTRIES)

    def exchanges(self) -> list[Exchange]:
        """Return the last requests, oldest first."""
        with self._lock:
            return [exchange for exchange, _ in self._entries]

    def find(self, n: int) -> Optional[tuple[Exchange, Bodies]]:
        """Return a request with its bodies, or None if it is unknown or too old."""
        with self._lock:
            return next((entry for entry in self._entries if entry[0].n == n), None)

    def clear(self) -> None:
        """Forget all requests. Numbers go on."""
        with self._lock:
            self._entries.clear()

    def record(self, request: Request, response: Optional[Response], began: float) -> None:
        """Log a request, and keep it unless it is one to the admin API."""
        method, path = _written(request.method), _written(request.path)
        status = None if response is None else response.status_code
        ms = round((time.perf_counter() - began) * 1000, 1)
        is_admin = request.path.startswith(_ADMIN_API)
        # A console and health checks ask all the time.
        level = logging.DEBUG if is_admin and method in {"GET", "HEAD"} else logging.INFO
        outcome = "dropped" if status is None else status
        logger.log(level, "%s %s %s %s ms", method, path, outcome, ms)
        if is_admin:
            return
        received = masked_body(body_read(request), request.mimetype)
        sent = (
            None if response is None else masked_body(response.get_data(), response.mimetype or "")
        )
        bodies = Bodies(received, sent)
        with self._lock:
            self._count += 1
            exchange = Exchange(self._count, method, path, status, ms, now())
            self._entries.append((exchange, bodies))


def _written(text: str) -> str:
    # Quoted, so that no request writes lines or colors of its own into the log.
    quoted = masked_text(quote(text, safe="/:@!$&'()*+,;=~"))
    return quoted if len(quoted) <= _MAX_NAME else quoted[: _MAX_NAME - 1] + MASK
