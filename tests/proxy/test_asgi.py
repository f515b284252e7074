"""The proxy as an ASGI application, without a server around it (1, 19, 22, 26)."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Callable

import pytest
from asgiref.testing import ApplicationCommunicator

from tests.adapters.messages import Request
from tests.adapters.transport import call_asgi, scope_of
from tests.support.clock import WATCHDOG
from torii_backend.asgi import ToriiProxy

from .apps import bare_asgi
from .upstream import Exchange, Upstream, chunked, reply

# It is untyped.
communicator_of: Any = ApplicationCommunicator
Step = Callable[[Any], Coroutine[Any, Any, None]]


def run(upstream: Upstream, step: Step) -> None:
    """Run a step with a proxy, on an event loop of its own, and end its lifespan."""

    async def within() -> None:
        proxy = ToriiProxy(bare_asgi, upstream=upstream.url)
        lifespan = communicator_of(proxy, {"type": "lifespan", "asgi": {"version": "3.0"}})
        await lifespan.send_input({"type": "lifespan.startup"})
        assert (await lifespan.receive_output(WATCHDOG))["type"] == "lifespan.startup.complete"
        await asyncio.wait_for(step(proxy), WATCHDOG)
        await lifespan.send_input({"type": "lifespan.shutdown"})
        assert (await lifespan.receive_output(WATCHDOG))["type"] == "lifespan.shutdown.complete"
        await lifespan.wait(WATCHDOG)

    asyncio.run(within())


async def arrived(upstream: Upstream, what: Callable[[], bool]) -> None:
    await asyncio.get_running_loop().run_in_executor(None, upstream.wait_for, what)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("target", ["/_torii/client", "/_torii/%2e%2e/x", "/me"])
def test_it_obeys_the_protocol(upstream: Upstream, method: str, target: str) -> None:
    async def step(proxy: Any) -> None:
        response = await call_asgi(proxy, Request(target, method=method))
        assert response.status in (200, 404, 405)

    run(upstream, step)


def test_the_end_of_the_lifespan_closes_the_connections(upstream: Upstream) -> None:
    async def step(proxy: Any) -> None:
        assert (await call_asgi(proxy, Request("/_torii/client"))).status == 200
        assert upstream.open == 1

    run(upstream, step)
    upstream.wait_for(lambda: upstream.open == 0)


def test_a_websocket_below_the_prefix_is_refused(upstream: Upstream) -> None:
    async def step(proxy: Any) -> None:
        for target, first in (("/_torii/ws", "websocket.close"), ("/ws", "websocket.accept")):
            scope = scope_of(Request(target), "websocket")
            communicator = communicator_of(proxy, scope)
            await communicator.send_input({"type": "websocket.connect"})
            assert (await communicator.receive_output(WATCHDOG))["type"] == first
            await communicator.wait(WATCHDOG)

    run(upstream, step)
    assert upstream.accepted == 0


def test_other_scopes_are_the_apps(upstream: Upstream) -> None:
    """See asgi-proxy-lib#8: scopes other than http crashed it."""
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope, receive, send))

    async def nothing(*_: Any) -> Any: ...

    for kind in ("lifespan", "websocket", "of_tomorrow"):
        scope: Any = {"type": kind, "path": "/x", "headers": []}
        asyncio.run(ToriiProxy(app, upstream=upstream.url)(scope, nothing, nothing))
    assert [scope["type"] for scope, _, _ in seen] == ["lifespan", "websocket", "of_tomorrow"]


def test_a_request_that_is_cancelled_closes_its_connection(upstream: Upstream) -> None:
    """So do servers with a request whose client is gone, and at their end."""

    async def step(proxy: Any) -> None:
        upstream.script(Exchange.wait_until_left, reply(b"next"))
        asked = asyncio.ensure_future(call_asgi(proxy, Request("/_torii/client")))
        await arrived(upstream, lambda: len(upstream.requests) == 1)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        await arrived(upstream, lambda: upstream.open == 0)
        assert (await call_asgi(proxy, Request("/_torii/client"))).body == b"next"

    run(upstream, step)


def test_a_client_that_leaves_closes_the_connection_to_the_upstream(upstream: Upstream) -> None:
    def stream(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"first"))
        exchange.wait_until_left()

    async def step(proxy: Any) -> None:
        for script, messages in ((stream, 2), (Exchange.wait_until_left, 0)):
            upstream.script(script)
            count = len(upstream.requests)
            communicator = communicator_of(proxy, scope_of(Request("/_torii/client")))
            await communicator.send_input({"type": "http.request", "body": b""})
            for _ in range(messages):
                await communicator.receive_output(WATCHDOG)
            await arrived(upstream, lambda count=count: len(upstream.requests) > count)  # type: ignore[misc]
            await communicator.send_input({"type": "http.disconnect"})
            await arrived(upstream, lambda: upstream.open == 0)
            await communicator.wait(WATCHDOG)

    run(upstream, step)


def test_the_mount_point_is_a_part_of_the_path(upstream: Upstream) -> None:
    """The browser SDK calls the root of the origin."""

    async def step(proxy: Any) -> None:
        for root_path, path, bodies in (
            ("/shop", "/shop/_torii/client", b"app GET /shop/_torii/client"),
            ("/_torii", "/_torii/client", b"{}"),
        ):
            scope = {**scope_of(Request(path)), "root_path": root_path}
            communicator = communicator_of(proxy, scope)
            await communicator.send_input({"type": "http.request", "body": b""})
            await communicator.receive_output(WATCHDOG)
            assert (await communicator.receive_output(WATCHDOG))["body"] == bodies
            await communicator.wait(WATCHDOG)

    run(upstream, step)
    assert upstream.only.target == b"/_torii/client"


def test_each_event_loop_has_connections_of_its_own(upstream: Upstream) -> None:
    proxy = ToriiProxy(bare_asgi, upstream=upstream.url)

    async def ask() -> None:
        assert (await call_asgi(proxy, Request("/_torii/client"))).status == 200

    async def end() -> None:
        lifespan = communicator_of(proxy, {"type": "lifespan", "asgi": {"version": "3.0"}})
        await lifespan.send_input({"type": "lifespan.startup"})
        await lifespan.receive_output(WATCHDOG)
        await ask()
        await lifespan.send_input({"type": "lifespan.shutdown"})
        await lifespan.receive_output(WATCHDOG)
        await lifespan.wait(WATCHDOG)

    for _ in range(3):
        asyncio.run(end())
    assert len(upstream.requests) == 3
