"""An audit is never wrong about a guarded route: what it says of hard routes, and what a request shows.

Each state but `unknown` is proved by a request without a token, which is refused or served.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, Callable

import pytest

from tests.installed import is_left_out
from torii_backend._guard.audit import Route
from torii_backend._guard.other_routes import routes as routes_of_other
from torii_backend.fastapi.routes import routes as routes_of_starlette
from torii_backend.flask.routes import routes as routes_of_flask

from .audit_corpus import fastapi, flask, others, starlette
from .messages import Request
from .transport import call_asgi, call_wsgi
from .websocket import WebSocketExchange, websocket_scope

CORPUS: list[tuple[Any, Callable[[Any], list[Route]]]] = [
    (flask, routes_of_flask),
    (fastapi, routes_of_starlette),
    (starlette, routes_of_starlette),
    (others, routes_of_other),
]
REFUSED = (401, 403)


def _audits() -> Iterator[Any]:
    for corpus, routes in CORPUS:
        for build, expected in corpus.APPS:
            left_out = is_left_out(build.__name__.partition("_")[0])
            marks = [pytest.mark.skip("not installed")] if left_out else []
            name = f"{corpus.__name__.rpartition('.')[2]}-{build.__name__}"
            yield pytest.param(routes, corpus.URLS, build, expected, id=name, marks=marks)


@pytest.mark.parametrize(("routes", "urls", "build", "expected"), list(_audits()))
def test_an_audit_says_what_a_request_shows(
    routes: Callable[[Any], list[Route]],
    urls: dict[str, str],
    build: Callable[[], Any],
    expected: dict[str, str],
) -> None:
    app = build()
    found = routes(app)
    assert {f"{route.method} {route.path}": route.state for route in found} == expected
    assert len(found) == len(expected)
    for route in found:
        if route.state != "unknown":
            status = _status(app, route, urls)
            assert (status in REFUSED) is (route.state == "guarded"), (route, status)


def test_an_audit_is_seldom_unsure() -> None:
    states = [state for corpus, _ in CORPUS for _, known in corpus.APPS for state in known.values()]
    assert len(states) >= 100
    assert sum(corpus.NEEDLESS for corpus, _ in CORPUS) <= len(states) / 10


def _status(app: Any, route: Route, urls: dict[str, str]) -> int:
    """Return the status of a request without a token; 101 for a WebSocket that is accepted."""
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
