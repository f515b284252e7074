"""Servers in miniature: each calls an application as its protocol says and watches over it."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, Any, Callable, Optional
from wsgiref.validate import validator

from torii_backend import ConfigurationError

from .application import Crash, OwnAuthError
from .messages import Request, Response

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

Call = Callable[[Request], Response]
AsyncCall = Callable[[Request], Awaitable[Response]]
AsgiApplication = Callable[[Any, Any, Any], Awaitable[None]]

FAILED = Response(500)
"""What a server sends for an application that raised."""

_FAULTS = (Crash, OwnAuthError, ConfigurationError)


def environ_of(request: Request) -> dict[str, Any]:
    """Make the WSGI environ of a request (PEP 3333); headers that come twice are comma-joined."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path_info,
        "QUERY_STRING": request.query,
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": request.host,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if request.shows_target:
        environ["RAW_URI"] = request.target
    for name, value in request.headers:
        key = "HTTP_" + name.upper().replace("-", "_")
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ


def call_wsgi(app: WSGIApplication, request: Request, **environ: str) -> Response:
    """Serve one request with a WSGI application, under the eyes of `wsgiref.validate`.

    Args:
        app: the application.
        request: the request.
        environ: what the server says beside it.
    """
    started: list[tuple[str, list[tuple[str, str]]]] = []
    written: list[bytes] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], object]:
        started.append((status, headers))
        return written.append

    try:
        body = validator(app)({**environ_of(request), **environ}, start_response)
        try:
            written.extend(body)
        finally:
            body.close()  # type: ignore[attr-defined]
    except _FAULTS:
        return FAILED
    status, headers = started[-1]
    return _response(int(status[:3]), headers, written)


def scope_of(request: Request, kind: str = "http") -> dict[str, Any]:
    """Make the ASGI scope of a request; the headers stay as they came."""
    scope: dict[str, Any] = {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http" if kind == "http" else "ws",
        "path": request.path,
        "query_string": request.query.encode(),
        "root_path": "",
        "headers": [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in (("Host", request.host), *request.headers)
        ],
        "client": ("127.0.0.1", 50000),
        "server": ("testserver", 80),
    }
    if kind == "http":
        scope["method"] = request.method
    if request.shows_target:
        scope["raw_path"] = request.raw_path.encode()
    return scope


async def call_asgi(app: AsgiApplication, request: Request) -> Response:
    """Serve one request with an ASGI application, in the task of the caller."""
    exchange = Exchange()
    try:
        await app(scope_of(request), exchange.receive, exchange.send)
    except _FAULTS:
        return FAILED
    return exchange.response()


class Exchange:
    """The server's side of one ASGI exchange over HTTP; it holds applications to the protocol."""

    def __init__(self) -> None:
        self._received = False
        self._complete = asyncio.Event()
        self._start: Optional[Mapping[str, Any]] = None
        self._chunks: list[bytes] = []

    async def receive(self) -> dict[str, Any]:
        if not self._received:
            self._received = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._complete.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Mapping[str, Any]) -> None:
        assert not self._complete.is_set(), "a message after the end of the response"
        if message["type"] == "http.response.start":
            assert self._start is None, "the response starts twice"
            self._start = message
            return
        assert message["type"] == "http.response.body"
        assert self._start is not None, "a body before the start of the response"
        self._chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            self._complete.set()

    def response(self) -> Response:
        assert self._start is not None and self._complete.is_set(), "the response has no end"
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in self._start["headers"]
        ]
        return _response(self._start["status"], headers, self._chunks)


def _response(status: int, headers: list[tuple[str, str]], chunks: list[bytes]) -> Response:
    lowered = tuple((name.lower(), value) for name, value in headers)
    sent = tuple(chunk for chunk in chunks if chunk)
    return Response(status, lowered, b"".join(sent), sent)
