"""What only ASGI has: HTTP/2, event loops that end without a lifespan, and trio (10, 19, 22)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import trio

from tests.adapters.messages import Request
from tests.adapters.transport import scope_of
from torii_backend.asgi import ToriiProxy

from .apps import bare_asgi
from .upstream import Exchange, Upstream, chunked, reply


def _messages(*parts: bytes) -> list[Any]:
    bodies = parts or (b"",)
    last = len(bodies) - 1
    return [
        {"type": "http.request", "body": body, "more_body": index < last}
        for index, body in enumerate(bodies)
    ]


class Client:
    """The two ends of one request, without a server."""

    def __init__(self, request: Request, *parts: bytes, **scope: Any) -> None:
        self.scope = {**scope_of(request), **scope}
        self.sent: list[Any] = []
        self._coming = _messages(*parts)

    async def receive(self) -> Any:
        if self._coming:
            return self._coming.pop(0)
        if "trio" in self.scope:
            await trio.sleep_forever()
        return await asyncio.get_running_loop().create_future()

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    async def call(self, proxy: Any) -> None:
        await proxy(self.scope, self.receive, self.send)

    @property
    def status(self) -> int:
        status: int = self.sent[0]["status"]
        return status

    @property
    def closes(self) -> bool:
        return (b"connection", b"close") in self.sent[0]["headers"]


def _call(proxy: Any, client: Client) -> Client:
    asyncio.run(client.call(proxy))
    return client


@pytest.mark.parametrize(
    ("method", "parts", "framing", "body"),
    [
        ("POST", (b"one", b"two"), (b"transfer-encoding", b"chunked"), chunked(b"one", b"two")),
        ("POST", (b"one",), (b"transfer-encoding", b"chunked"), chunked(b"one")),
        ("POST", (b"", b"two"), (b"transfer-encoding", b"chunked"), chunked(b"two")),
        ("POST", (), (b"content-length", b"0"), b""),
        ("GET", (), None, b""),
    ],
)
def test_a_body_that_http_2_does_not_announce_is_sent_in_chunks(
    method: str, parts: tuple[bytes, ...], framing: Any, body: bytes, upstream: Upstream
) -> None:
    proxy = ToriiProxy(bare_asgi, upstream=upstream.url)
    request = Request("/_torii/x", method=method)
    assert _call(proxy, Client(request, *parts, http_version="2")).status == 200
    found = [field for field in upstream.only.fields if field[0] != b"host"]
    assert found == ([] if framing is None else [framing])
    assert upstream.only.body.removesuffix(b"0\r\n\r\n") == body


def test_a_connection_is_closed_after_a_body_that_was_not_read(upstream: Upstream) -> None:
    proxy = ToriiProxy(bare_asgi, upstream=upstream.url, max_body=3)
    for version, closes in (("1.1", True), ("2", False)):
        request = Request("/_torii/x", (("content-length", "4"),), method="POST")
        client = _call(proxy, Client(request, b"abcd", http_version=version))
        assert (client.status, client.closes) == (413, closes)
        assert not _call(proxy, Client(Request("/_torii/x"), http_version=version)).closes
    assert all(each.method == b"GET" for each in upstream.requests)


def test_connections_are_closed_when_an_event_loop_ends_without_lifespan(
    upstream: Upstream,
) -> None:
    """Django has none, and test clients run a loop for each request."""
    proxy = ToriiProxy(bare_asgi, upstream=upstream.url)
    for count in (1, 2, 3):
        assert _call(proxy, Client(Request("/_torii/x"))).status == 200
        upstream.wait_for(lambda: upstream.open == 0)
        assert upstream.accepted == count


def test_a_client_that_leaves_is_noticed_though_its_body_was_not_read(upstream: Upstream) -> None:
    """The upstream responds before it has read all, and never ends."""

    def respond(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 413 No\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"first"))
        exchange.wait_until_left()

    class Leaving(Client):
        async def call(self, proxy: Any) -> None:
            self.is_gone = asyncio.Event()
            await super().call(proxy)

        async def send(self, message: Any) -> None:
            await super().send(message)
            if message.get("body"):
                self.is_gone.set()

        async def receive(self) -> Any:
            if not self._coming:
                await self.is_gone.wait()
                return {"type": "http.disconnect"}
            return await super().receive()

    upstream.script(respond)
    proxy = ToriiProxy(bare_asgi, upstream=upstream.url)
    request = Request("/_torii/x", (("content-length", "3"),), method="POST")
    client = _call(proxy, Leaving(request, b"abc"))
    assert client.sent[1]["body"] == b"first"
    upstream.wait_for(lambda: upstream.open == 0)


def test_it_runs_on_trio(upstream: Upstream) -> None:
    upstream.script(reply(b"one"), reply(b"two"))
    proxy = ToriiProxy(bare_asgi, upstream=upstream.url)

    async def main() -> None:
        for body in (b"one", b"two"):
            client = Client(Request("/_torii/x", method="POST"), trio=True)
            await client.call(proxy)
            assert client.sent[1]["body"] == body

    trio.run(main)
    upstream.wait_for(lambda: upstream.open == 0)
    assert upstream.accepted == 1
