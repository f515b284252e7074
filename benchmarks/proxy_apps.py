"""The proxy, its peers and a bare app, each as a callable that serves some requests."""

from __future__ import annotations

import asyncio
import io
import socket
from collections.abc import Awaitable
from typing import Any, Callable

import httpx
from werkzeug.middleware.http_proxy import ProxyMiddleware

from torii_backend.asgi import ToriiProxy as ASGIProxy
from torii_backend.wsgi import ToriiProxy as WSGIProxy

CLIENT = "/_torii/client"
# What a browser sends along.
_HEADERS = {
    "host": "app.example",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
    "accept": "application/json",
    "accept-encoding": "gzip, deflate, br",
    "accept-language": "en-GB,en;q=0.9",
    "origin": "https://app.example",
    "referer": "https://app.example/",
    "cookie": "__client_session=5f0c1d; __client_session_hint=1750000000",
    "sec-fetch-mode": "cors",
    "connection": "keep-alive",
}
_LINES = "".join(f"{name}: {value}\r\n" for name, value in _HEADERS.items())
# Of each response; the same for proxies of peers.
HOP_BY_HOP = {b"connection", b"keep-alive", b"transfer-encoding", b"date", b"server"}


class Direct:
    """A client of the upstream without a proxy, on one connection that is kept."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request = f"GET {CLIENT} HTTP/1.1\r\n{_LINES}\r\n".encode()

    def __call__(self, requests: int) -> None:
        """Send some requests, one after the other."""
        for _ in range(requests):
            self._socket.sendall(self._request)
            received = b""
            while not received.endswith(b"}"):
                received += self._socket.recv(65_536)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


def wsgi_app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Serve what isn't proxied."""
    start_response("200 OK", [("Content-Type", "application/json")])
    return [b"{}"]


async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    """Serve what isn't proxied."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


def wsgi_proxies(url: str) -> dict[str, Any]:
    """Return our WSGI proxy and werkzeug's."""
    return {
        "ours": WSGIProxy(wsgi_app, upstream=url),
        "werkzeug": ProxyMiddleware(wsgi_app, {"/_torii/": {"target": f"{url}/_torii/"}}),
    }


def asgi_proxies(url: str) -> dict[str, Any]:
    """Return our ASGI proxy and one that streams by httpx."""
    return {"ours": ASGIProxy(asgi_app, upstream=url), "httpx": HttpxProxy(url)}


class HttpxProxy:
    """What one writes by hand with httpx: one client, and bodies that stream."""

    def __init__(self, url: str) -> None:
        self._client = httpx.AsyncClient(base_url=url, timeout=30)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        target = scope["raw_path"].decode()
        if scope["query_string"]:
            target += "?" + scope["query_string"].decode()
        headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
        body = await receive()
        request = self._client.build_request(
            scope["method"], target, headers=headers, content=body.get("body", b"")
        )
        response = await self._client.send(request, stream=True)
        kept = [pair for pair in response.headers.raw if pair[0].lower() not in HOP_BY_HOP]
        await send({"type": "http.response.start", "status": response.status_code, "headers": kept})
        async for chunk in response.aiter_raw():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        await response.aclose()


def serve_wsgi(app: Any, path: str, requests: int) -> int:
    """Call a WSGI application some times; return how many bytes came."""
    count = 0
    for _ in range(requests):
        body = app(_environ(path), _start_response)
        for chunk in body:
            count += len(chunk)
        if hasattr(body, "close"):
            body.close()
    return count


async def serve_asgi(app: Any, path: str, requests: int) -> int:
    """Call an ASGI application some times; return how many bytes came."""
    count = 0

    async def send(message: Any) -> None:
        nonlocal count
        count += len(message.get("body", b""))

    for _ in range(requests):
        await app(_scope(path), _receiving(), send)
    return count


def _environ(path: str) -> dict[str, Any]:
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "RAW_URI": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "app.example",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
    }
    environ.update((f"HTTP_{name.upper().replace('-', '_')}", _HEADERS[name]) for name in _HEADERS)
    return environ


def _start_response(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], None]:
    if not status.startswith("200"):
        raise AssertionError(status)
    return lambda _: None


def _scope(path: str) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in _HEADERS.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("app.example", 80),
    }


def _receiving() -> Callable[[], Awaitable[Any]]:
    pending: list[Any] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        if pending:
            return pending.pop()
        # The client stays until it has the response.
        return await asyncio.get_running_loop().create_future()

    return receive
