"""Bodies of requests (10, 11)."""

from __future__ import annotations

from tests.proxy.rig import Rig, behaviour
from tests.proxy.upstream import Exchange, chunked, reply

BODY = b'{"email":"ada@acme.test","password":"\xc3\xa6\x00"}'
CHUNKED = b"Transfer-Encoding: chunked"


@behaviour
def a_body_keeps_its_length(rig: Rig) -> None:
    """Also that of a DELETE (see clerk/javascript#8163)."""
    for method in (b"POST", b"PUT", b"PATCH", b"DELETE"):
        assert rig.ask(method=method, body=BODY).status == 200
    for request in rig.upstream.requests:
        assert request.body == BODY
        assert request.values(b"content-length") == [b"%d" % len(BODY)]
        assert b"transfer-encoding" not in request.names
    assert len(rig.upstream.requests) == 4


@behaviour
def a_body_in_chunks_stays_in_chunks(rig: Rig) -> None:
    body = chunked(b"first ", b"second") + b"0\r\n\r\n"
    request = rig.forwarded_bytes(rig.request(b"/_torii/x", CHUNKED, method=b"POST", body=body))
    assert request.content == b"first second"
    assert request.values(b"transfer-encoding") == [b"chunked"]
    assert b"content-length" not in request.names


@behaviour
def a_body_in_chunks_arrives(rig: Rig) -> None:
    """In chunks or whole, but not as both (see powerproxy-aoai#53)."""
    body = chunked(b"first ", b"second") + b"0\r\n\r\n"
    request = rig.forwarded_bytes(rig.request(b"/_torii/x", CHUNKED, method=b"POST", body=body))
    assert request.content == b"first second"
    lengths = request.values(b"transfer-encoding") + request.values(b"content-length")
    assert len(lengths) == 1


@behaviour
def a_large_body_arrives_whole(rig: Rig) -> None:
    body = bytes(range(256)) * 4000
    assert rig.ask(method=b"PUT", body=body).status == 200
    assert rig.upstream.only.body == body


@behaviour
def a_post_without_a_body_says_so(rig: Rig) -> None:
    for method in (b"POST", b"PUT", b"PATCH"):
        assert rig.ask(b"/_torii/x", b"Content-Length: 0", method=method).status == 200
        assert rig.ask(b"/_torii/x", method=method).status == 200
    for request in rig.upstream.requests:
        assert request.values(b"content-length") == [b"0"]
        assert b"transfer-encoding" not in request.names


@behaviour
def a_get_without_a_body_says_nothing(rig: Rig) -> None:
    for method in (b"GET", b"HEAD", b"OPTIONS", b"DELETE"):
        assert rig.ask(method=method).status == 200
    for request in rig.upstream.requests:
        assert request.names == [b"host"]


@behaviour
def a_body_streams(rig: Rig) -> None:
    """The upstream gets the first part before the client has sent the second."""
    first, second = bytes(100_000), b"second"
    with rig.connect() as client:
        length = b"Content-Length: %d" % len(first + second)
        client.send(rig.request(b"/_torii/x", length, method=b"POST", body=first))
        # WSGI has no way to read less than was asked for, so the proxy asks for a little at a time.
        rig.upstream.wait_for(
            lambda: any(len(each.body) > 50_000 for each in rig.upstream.requests)
        )
        client.send(second)
        assert client.read_response().status == 200
    assert rig.upstream.only.body == first + second


@behaviour
def a_body_over_the_limit_is_413(rig: Rig) -> None:
    """By its length, before anything of it is sent."""
    with rig.connect() as client:
        fields = b"Content-Length: 1001"
        client.send(
            rig.request(b"/_torii/x", fields, method=b"POST", body=bytes(1001), max_body=1000)
        )
        assert client.read_response().status == 413
        client.send_end()
        client.read_to_end()
    assert rig.upstream.requests == []
    assert rig.ask(method=b"POST", body=bytes(1000), max_body=1000).status == 200


@behaviour
def a_body_in_chunks_over_the_limit_is_413(rig: Rig) -> None:
    body = chunked(bytes(600), bytes(600)) + b"0\r\n\r\n"
    request = rig.request(b"/_torii/x", CHUNKED, method=b"POST", body=body, max_body=1000)
    assert rig.exchange(request).status == 413
    rig.upstream.wait_for(lambda: rig.upstream.open == 0)
    assert not any(each.is_whole for each in rig.upstream.requests)


@behaviour
def the_limit_is_1_mib_by_default(rig: Rig) -> None:
    with rig.connect() as client:
        client.send(rig.request(b"/_torii/x", b"Content-Length: 1048577", method=b"POST"))
        # Some servers read all of a body first.
        client.send(bytes(1_048_577))
        assert client.read_response().status == 413
    assert rig.upstream.requests == []


@behaviour
def expectations_are_met_by_the_server(rig: Rig) -> None:
    """The client gets a 100 or the response; the upstream sees no Expect."""
    with rig.connect() as client:
        fields = (b"Expect: 100-continue", b"Content-Length: 5")
        client.send(rig.request(b"/_torii/x", *fields, method=b"POST"))
        client.send(b"hello")
        assert client.read_response().status == 200
    assert rig.upstream.only.body == b"hello"
    assert b"expect" not in rig.upstream.only.names


@behaviour
def a_get_is_sent_again_if_its_pooled_connection_was_dead(rig: Rig) -> None:
    rig.upstream.script(reply(), Exchange.close, reply(b"again"))
    assert rig.ask().status == 200
    assert rig.ask().body == b"again"
    assert [each.connection for each in rig.upstream.requests] == [1, 1, 2]


@behaviour
def a_get_is_sent_twice_at_most(rig: Rig) -> None:
    rig.upstream.script(reply(), Exchange.close)
    assert rig.ask().status == 200
    assert rig.ask().status == 502
    assert len(rig.upstream.requests) == 3


@behaviour
def a_get_on_a_new_connection_is_sent_once(rig: Rig) -> None:
    rig.upstream.script(Exchange.close)
    assert rig.ask().status == 502
    assert len(rig.upstream.requests) == 1


@behaviour
def a_post_is_sent_once(rig: Rig) -> None:
    """The upstream may have done what it was asked before it went away."""
    rig.upstream.script(reply(), read_and_close)
    assert rig.ask().status == 200
    assert rig.ask(method=b"POST", body=BODY).status == 502
    assert [each.method for each in rig.upstream.requests] == [b"GET", b"POST"]


@behaviour
def a_get_is_not_sent_again_after_the_first_byte_of_a_response(rig: Rig) -> None:
    rig.upstream.script(reply(), begin_and_close)
    assert rig.ask().status == 200
    assert rig.ask().status == 502
    assert len(rig.upstream.requests) == 2


def read_and_close(exchange: Exchange) -> None:
    exchange.read_body()
    exchange.close()


def begin_and_close(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\n")
    exchange.close()


@behaviour
def a_post_after_the_upstream_closed_an_idle_connection_succeeds(rig: Rig) -> None:
    rig.upstream.script(reply_and_close, reply(b"again"))
    assert rig.ask().status == 200
    rig.upstream.wait_for(lambda: rig.upstream.open == 0)
    assert rig.ask(method=b"POST", body=BODY).body == b"again"
    assert len(rig.upstream.requests) == 2


def reply_and_close(exchange: Exchange) -> None:
    exchange.send(reply())
    exchange.close()
