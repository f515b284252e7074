"""Bodies that are framed badly: smuggling, both lengths, and bodies that are cut (10)."""

from __future__ import annotations

from tests.proxy.client import HungUp
from tests.proxy.rig import Rig, behaviour
from tests.proxy.upstream import chunked

from .body import CHUNKED

_SECOND = b"GET /_torii/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
_LENGTH = b"Content-Length: %d" % len(_SECOND)
# Each is read as one request by some servers, and as two by others.
SMUGGLING = (
    (b"Content-Length: 0", _LENGTH),
    (_LENGTH, b"Content-Length: 0"),
    (b"Content-Length: 0, %d" % len(_SECOND),),
    (b"Content-Length: +%d" % len(_SECOND),),
    (b"Content-Length: -1",),
    (b"Content-Length: 0x10",),
    (b"Content-Length: 1_0",),
    (b"Content-Length:",),
    (b"Content-Length: \xb2",),
    (b"Content-Length: " + b"9" * 40,),
    (b"Content-Length : %d" % len(_SECOND),),
    (_LENGTH, CHUNKED),
    (CHUNKED, _LENGTH),
    (b"Transfer-Encoding: identity", b"Content-Length: 0"),
    (b"Transfer-Encoding: chunked, identity",),
    (b"Transfer-Encoding: identity, chunked",),
    (b"Transfer-Encoding: gzip, chunked",),
    (b"Transfer-Encoding: xchunked",),
    (b"Transfer-Encoding : chunked",),
    (b"Transfer-Encoding:\x0bchunked",),
    (b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
    (b"Transfer-Encoding: chunked\r\n ,identity",),
    (b"X-Fold: a\r\n Content-Length: 1",),
    (b"X-Bare: a\nContent-Length: 0",),
    (b"X-Return: a\rTransfer-Encoding: chunked",),
)
CHUNKS = (
    b"0\r\n\r\n" + _SECOND,
    b"0\r\nContent-Length: 5\r\nX-Trailer: x\r\n\r\n" + _SECOND,
    b"0;x=y\r\n\r\n" + _SECOND,
    b"0\n\n" + _SECOND,
    b"-1\r\n" + _SECOND,
    b"0x1\r\na\r\n0\r\n\r\n",
    b"1_0\r\n" + bytes(16) + b"\r\n0\r\n\r\n",
    b"ffffffffffffffffff\r\n" + _SECOND,
    b"2\r\nabc\r\n0\r\n\r\n",
    b"\r\n" + _SECOND,
    b"zz\r\n" + _SECOND,
)


def _nothing_is_smuggled(rig: Rig, request: bytes) -> None:
    with rig.connect() as client:
        client.send(request)
        client.send_end()
        try:
            while True:
                assert client.read_response().status != 500
        except HungUp:
            pass
    for each in rig.upstream.requests:
        lengths = each.values(b"content-length") + each.values(b"transfer-encoding")
        assert len(lengths) <= 1, each.head
        assert each.target != b"/_torii/smuggled"


@behaviour
def nothing_is_smuggled_by_lengths(rig: Rig) -> None:
    for fields in SMUGGLING:
        request = rig.request(b"/_torii/x", *fields, method=b"POST", body=_SECOND)
        _nothing_is_smuggled(rig, request)


@behaviour
def nothing_is_smuggled_by_chunks(rig: Rig) -> None:
    for body in CHUNKS:
        _nothing_is_smuggled(rig, rig.request(b"/_torii/x", CHUNKED, method=b"POST", body=body))


@behaviour
def both_lengths_are_400(rig: Rig) -> None:
    body = chunked(b"x") + b"0\r\n\r\n"
    for fields in ((CHUNKED, b"Content-Length: 6"), (b"Content-Length: 6", CHUNKED)):
        rig.sends_nothing(rig.request(b"/_torii/x", *fields, method=b"POST", body=body), 400)


@behaviour
def a_cut_body_is_never_taken_for_a_whole_one(rig: Rig) -> None:
    with rig.connect() as client:
        client.send(rig.request(b"/_torii/x", b"Content-Length: 100", method=b"POST", body=b"{}"))
    _assert_cut(rig)


@behaviour
def a_cut_body_in_chunks_is_never_taken_for_a_whole_one(rig: Rig) -> None:
    body = chunked(b"{}")
    with rig.connect() as client:
        client.send(rig.request(b"/_torii/x", CHUNKED, method=b"POST", body=body))
    _assert_cut(rig)


@behaviour
def an_upload_that_stalls_is_408(rig: Rig) -> None:
    """It would keep a connection to the upstream, and a thread in WSGI."""
    request = rig.request(
        b"/_torii/x", b"Content-Length: 100", method=b"POST", body=b"{}", timeout=(30.0, 0.5)
    )
    with rig.connect() as client:
        client.send(request)
        response = client.read_response()
    assert (response.status, response.json()["error"]["code"]) == (408, "request_timeout")
    rig.upstream.wait_for(lambda: rig.upstream.open == 0)


def _assert_cut(rig: Rig) -> None:
    """The connection of a cut body is closed, so that the next request isn't taken for its rest."""
    assert rig.ask(method=b"POST", body=b"next").status == 200
    rig.upstream.wait_for(
        lambda: len({each.connection for each in rig.upstream.requests}) == rig.upstream.accepted
    )
    # The cut one may be sent after the other, and then on its connection: servers have one thread for each.
    requests = [*rig.upstream.requests]
    (following,) = [index for index, each in enumerate(requests) if each.body == b"next"]
    for index, each in enumerate(requests):
        if index != following:
            assert not each.is_whole
        if index < following:
            assert each.connection != requests[following].connection
    rig.upstream.wait_for(lambda: rig.upstream.open <= 1)


@behaviour
def a_header_of_200_kb_is_no_fault_of_the_server(rig: Rig) -> None:
    """Servers limit headers by themselves."""
    try:
        response = rig.ask(b"/_torii/x", b"X-Large: " + b"x" * 200_000)
    except HungUp:
        return
    assert response.status in (200, 400, 413, 431)
