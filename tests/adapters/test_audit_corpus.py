"""An audit is never wrong about a guarded route: what it says of hard routes, and what a request shows.

Each state but `unknown` is proved by a request without a token, which is refused or served.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from importlib import import_module
from typing import Any, Callable, Optional

import pytest

from tests.installed import is_left_out
from torii_backend._guard.audit import Route

from .audit_corpus import fastapi, flask, starlette
from .messages import Request
from .transport import call_asgi, call_wsgi
from .websocket import WebSocketExchange, websocket_scope

CORPUS: dict[str, Any] = {
    "torii_backend.flask.routes": flask,
    "torii_backend.fastapi.routes": fastapi,
    "torii_backend.fastapi.routes ": starlette,
}
REFUSED = (401, 403)


def _audits() -> Iterable[Any]:
    for module, corpus in CORPUS.items():
        for build, expected in corpus.APPS:
            name = f"{corpus.__name__.rpartition('.')[2]}-{build.__name__}"
            left_out = is_left_out(getattr(build, "needs", "flask"))
            marks = [pytest.mark.skip("not installed")] if left_out else []
            yield pytest.param(module, corpus, build, expected, id=name, marks=marks)


def _routes(module: str, app: Any) -> list[Route]:
    found: list[Route] = import_module(module.strip()).routes(app)
    return found


@pytest.mark.parametrize(("module", "corpus", "build", "expected"), list(_audits()))
def test_an_audit_says_what_a_request_shows(
    module: str, corpus: Any, build: Callable[[], Any], expected: dict[str, str]
) -> None:
    app = build()
    found = _routes(module, app)
    assert {f"{route.method} {route.path}": route.state for route in found} == expected
    assert len(found) == len(expected)
    for route in found:
        status = None if route.state == "unknown" else _status(app, route, corpus.URLS)
        if status is not None:
            assert (status in REFUSED) is (route.state == "guarded"), (route, status)


def test_an_audit_is_seldom_unsure() -> None:
    states = [s for corpus in CORPUS.values() for _, known in corpus.APPS for s in known.values()]
    assert len(states) >= 100
    assert sum(corpus.NEEDLESS for corpus in CORPUS.values()) <= len(states) / 10


def _status(app: Any, route: Route, urls: dict[str, str]) -> Optional[int]:
    """Return the status without a token; None for a WebSocket that is accepted."""
    host, path = "example.com", route.path
    if path.startswith("//"):
        host, _, path = path[2:].partition("/")
        path = f"/{path}"
    method = "GET" if route.method == "*" else route.method
    request = Request(urls.get(path, path), method=method, host=host)
    serve = getattr(app, "wsgi_app", app)
    if not asyncio.iscoroutinefunction(getattr(serve, "__call__", None)):  # noqa: B004
        return call_wsgi(app, request).status
    if route.method == "WEBSOCKET":
        return asyncio.run(_handshake(app, request._replace(method="GET")))
    return asyncio.run(call_asgi(app, request)).status


async def _handshake(app: Any, request: Request) -> int:
    exchange = WebSocketExchange()
    exchange.hang_up()
    await app(websocket_scope(request), exchange.receive, exchange.send)
    first = exchange.sent[0]
    if first["type"] == "websocket.http.response.start":
        return int(first["status"])
    return 403 if first["type"] == "websocket.close" else 101
