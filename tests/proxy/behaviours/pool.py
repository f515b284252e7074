"""Connections to the upstream (22)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from tests.proxy.rig import Rig, behaviour
from tests.proxy.upstream import Exchange, reply
from tests.support.clock import WATCHDOG


@behaviour
def a_connection_serves_many_requests(rig: Rig) -> None:
    for _ in range(5):
        assert rig.ask().status == 200
        assert rig.ask(method=b"POST", body=b"{}").status == 200
    assert (len(rig.upstream.requests), rig.upstream.accepted) == (10, 1)


@behaviour
def no_cookie_is_kept_for_another_request(rig: Rig) -> None:
    """See fastapi-proxy-lib GHSA-7vwr-g6pm-9hc8: the client had a cookie jar."""
    rig.upstream.script(
        reply(b"{}", b"Set-Cookie: __client_session=of-ada; Path=/", b"WWW-Authenticate: Basic")
    )
    rig.ask(b"/_torii/client", b"Authorization: Basic YWRhOmh1bnRlcjI=", b"Cookie: a=1")
    rig.ask()
    rig.ask(b"/_torii/client", b"Cookie: b=2")
    of_ada, of_nobody, of_grace = rig.upstream.requests
    assert of_ada.connection == of_grace.connection
    assert of_nobody.names == [b"host"]
    assert of_grace.fields[1:] == [(b"cookie", b"b=2")]


@behaviour
def no_more_than_pool_size_connections_stay_idle(rig: Rig) -> None:
    together = threading.Event()

    def held(exchange: Exchange) -> None:
        assert together.wait(WATCHDOG)
        exchange.send(reply())

    rig.upstream.script(held)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(rig.ask, pool_size=2) for _ in range(4)]
        rig.upstream.wait_for_requests(4)
        together.set()
        assert [each.result().status for each in asked] == [200] * 4
    rig.upstream.wait_for(lambda: rig.upstream.open <= 2)


@behaviour
def a_connection_that_the_upstream_closes_is_not_kept(rig: Rig) -> None:
    rig.upstream.script(reply(b"{}", b"Connection: close"))
    for _ in range(3):
        assert rig.ask(method=b"POST").status == 200
    assert rig.upstream.accepted == 3


@behaviour
def what_nobody_asked_for_is_never_a_response(rig: Rig) -> None:
    """A second response on a connection would be taken for that of the next request, of another user."""
    sent = threading.Event()

    def together(exchange: Exchange) -> None:
        exchange.send(reply(b"mine") + reply(b"of another user"))
        sent.set()

    def after(exchange: Exchange) -> None:
        exchange.send(reply(b"mine"))
        exchange.send(reply(b"of another user"))
        sent.set()

    for script in (together, after):
        sent.clear()
        rig.upstream.script(script, reply(b"next"))
        bodies = [rig.ask().body]
        # What comes only when the next request has been sent is the response to that.
        assert sent.wait(WATCHDOG)
        bodies += [rig.ask().body for _ in range(2)]
        assert bodies[0] == b"mine"
        assert b"of another user" not in bodies
        assert bodies[-1] == b"next"


@behaviour
def what_comes_after_a_response_is_no_part_of_the_next(rig: Rig) -> None:
    """The rest of a body that is longer than announced would spoil the response to another user."""
    begun = b"HTTP/1.1 200 OK\r\nSet-Cookie: of=another-user\r\nX-Rest: "
    in_chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nmine\r\n0\r\n\r\n"
    for sent in (reply(b"aaaa") + b"a", reply(b"mine") + begun, in_chunks + begun):

        def together(exchange: Exchange, sent: bytes = sent) -> None:
            exchange.read_body()
            exchange.send(sent)

        rig.upstream.script(together, reply(b"next"))
        first, second = rig.ask(), rig.ask(method=b"POST")
        assert first.status == 200
        assert (second.status, second.body) == (200, b"next")
        assert second.values(b"set-cookie") == []


@behaviour
def a_connection_is_kept_after_any_whole_response(rig: Rig) -> None:
    in_chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nmine\r\n0\r\n\r\n"
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"

    def in_pieces(exchange: Exchange) -> None:
        exchange.read_body()
        head, _, body = reply(b"a" * 200_000).partition(b"\r\n\r\n")
        exchange.send(head + b"\r\n\r\n")
        exchange.send(body)

    rig.upstream.script(in_chunks, early + reply(b"mine"), in_pieces, reply(b""), reply(b"mine"))
    for _ in range(5):
        assert rig.ask().status == 200
    assert rig.upstream.accepted == 1
