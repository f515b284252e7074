"""A client that leaves (19)."""

from __future__ import annotations

from tests.proxy.rig import Rig, behaviour
from tests.proxy.upstream import Exchange, chunked, reply


@behaviour
def a_client_that_leaves_before_the_response_ends_the_request(rig: Rig) -> None:
    rig.upstream.script(Exchange.wait_until_left, reply(b"next"))
    with rig.connect() as client:
        client.send(rig.request(b"/_torii/client"))
        rig.upstream.wait_for_requests(1)
        client.reset()
    rig.upstream.wait_for(lambda: rig.upstream.open == 0)
    assert rig.ask().body == b"next"


@behaviour
def a_client_that_leaves_during_the_response_ends_it(rig: Rig) -> None:
    rig.upstream.script(stream_without_end, reply(b"next"))
    with rig.connect() as client:
        client.send(rig.request(b"/_torii/client"))
        client.read_until(bytes(4096))
        client.reset()
    rig.upstream.wait_for(lambda: rig.upstream.open == 0)
    assert rig.ask().body == b"next"


@behaviour
def nothing_of_a_response_is_left_for_the_next_client(rig: Rig) -> None:
    """A connection that was half read never serves another request."""
    large = reply(b"of another user" * 2_000_000)
    rig.upstream.script(large, reply(b"mine"))
    with rig.connect() as client:
        client.send(rig.request(b"/_torii/client"))
        client.read_until(b"of another user")
        client.reset()
    for _ in range(3):
        assert rig.ask().body == b"mine"


def stream_without_end(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:  # until the connection is closed
        exchange.send(chunked(bytes(4096)))
