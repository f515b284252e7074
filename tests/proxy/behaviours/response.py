"""Responses of the upstream (12 to 18)."""

from __future__ import annotations

import gzip
import threading

from tests.proxy.client import HungUp
from tests.proxy.rig import Rig, behaviour
from tests.proxy.upstream import Exchange, chunked, reply, running_upstream
from tests.support.clock import WATCHDOG

# What would speak for the whole origin, which is the app's.
OF_THE_ORIGIN = (
    b"Strict-Transport-Security: max-age=63072000; includeSubDomains; preload",
    b"Public-Key-Pins: x",
    b'Alt-Svc: h3=":443"',
    b"NEL: {}",
    b"Report-To: {}",
    b'Reporting-Endpoints: x="https://x.test"',
    b"Expect-CT: max-age=1",
    b'Clear-Site-Data: "*"',
    b"Service-Worker-Allowed: /",
)
# Also RFC 9110 section 7.6.1.
HOP_BY_HOP = (
    b"Keep-Alive: timeout=5",
    b"Proxy-Authenticate: Basic",
    b"Proxy-Connection: keep-alive",
    b"Trailer: X-T",
    b"Upgrade: h2c",
    b"TE: trailers",
)
COOKIES = (
    b"__client_session=abc; Path=/; Secure; HttpOnly; SameSite=None; Partitioned; Max-Age=604800",
    b"__client_session_hint=1; expires=Wed, 21 Oct 2026 07:28:00 GMT; path=/; SECURE",
    b'odd="a,b;c"; Domain=.acme.test; Unknown=x; ; caf\xe9',
    b"__client_session=; Max-Age=0",
)
MALFORMED = (
    b"hello\r\n\r\n",
    b"HTTP/1.1\r\n\r\n",
    b"HTTP/1.1 20 OK\r\n\r\n",
    b"HTTP/1.1 abc OK\r\n\r\n",
    b"HTTP/1.1 600 OK\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 999 OK\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    b"ICY 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX Space: y\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nX-Space : y\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nX-Null: a\x00b\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nX-Return: a\rSet-Cookie: x=y\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n{}",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"X-Large: %b\r\n" % (b"x" * 1000) * 300 + b"\r\n",
    b"HTTP/1.1 200 OK\r\nX-Large: " + b"x" * 300_000,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"",
)


FIELDS = (
    b"Content-Type: application/json; charset=x",
    b"X-Twice: 1",
    b"X-Other: caf\xe9 \xc3\xa6",
    b"X-Twice: 2",
    b'ETag: W/"1"',
    b"Vary: Origin",
    b"Cache-Control: private, max-age=5",
)
PAIRS = [(name.lower(), value) for name, _, value in (field.partition(b": ") for field in FIELDS)]


@behaviour
def status_and_headers_come_as_they_are(rig: Rig) -> None:
    for status in (
        b"200 OK",
        b"201 Created",
        b"207 Multi-Status",
        b"422 Odd",
        b"500 Oh",
        b"599 What",
    ):
        rig.upstream.script(reply(b"body", *FIELDS, status=status))
        response = rig.ask()
        assert b"%d" % response.status == status.partition(b" ")[0]
        assert response.body == b"body"
        for name, _ in PAIRS:
            assert response.values(name) == [value for other, value in PAIRS if other == name]


@behaviour
def headers_keep_their_order(rig: Rig) -> None:
    rig.upstream.script(reply(b"body", *FIELDS))
    names = [name for name, _ in PAIRS]
    assert [field for field in rig.ask().fields if field[0] in names] == PAIRS


@behaviour
def hop_by_hop_headers_of_a_response_are_dropped(rig: Rig) -> None:
    fields = (*HOP_BY_HOP, b"Connection: keep-alive, X-Hop", b"X-Hop: 1", b"X-Kept: 2")
    rig.upstream.script(reply(b"{}", *fields))
    response = rig.ask()
    assert response.values(b"x-kept") == [b"2"]
    assert response.values(b"x-hop") == []
    for field in HOP_BY_HOP:
        name, _, value = field.partition(b": ")
        # Servers send headers of their own with some of these names.
        assert value not in response.values(name)


@behaviour
def the_server_writes_its_own_date(rig: Rig) -> None:
    rig.upstream.script(reply(b"{}", b"Date: Wed, 21 Oct 2015 07:28:00 GMT", b"Server: cloudflare"))
    response = rig.ask()
    assert len(response.values(b"date")) <= 1
    assert b"2015" not in b"".join(response.values(b"date"))
    assert b"cloudflare" not in response.values(b"server")


@behaviour
def nothing_speaks_for_the_whole_origin(rig: Rig) -> None:
    rig.upstream.script(reply(b"{}", *OF_THE_ORIGIN))
    response = rig.ask()
    assert response.status == 200
    for field in OF_THE_ORIGIN:
        assert response.values(field.partition(b":")[0]) == [], field


@behaviour
def each_cookie_is_a_header_of_its_own(rig: Rig) -> None:
    """See clerk/javascript#8162, #9573, djproxy#44 and tornado-proxy#11; byte for byte, at every status."""
    fields = [b"Set-Cookie: " + cookie for cookie in COOKIES]
    statuses = (b"200 OK", b"302 Found", b"401 Unauthorized", b"422 Odd", b"204 No Content")
    for status in statuses:
        response = reply(b"{}", *fields, status=status)
        if status.startswith(b"204"):
            response = response.replace(b"Content-Length: 2\r\n", b"")[: -len(b"{}")]
        rig.upstream.script(response)
        assert tuple(rig.ask().values(b"set-cookie")) == COOKIES


@behaviour
def a_redirect_is_not_followed(rig: Rig) -> None:
    """See clerk/javascript#8186."""
    with running_upstream() as elsewhere:
        for status in (
            b"301 Moved",
            b"302 Found",
            b"303 See Other",
            b"307 Temporary",
            b"308 Permanent",
        ):
            for place in (
                b"http://" + elsewhere.host,
                b"/_torii/x?y=1",
                b"//x.test",
                b"app://caf\xe9",
            ):
                rig.upstream.script(reply(b"", b"Location: " + place, status=status))
                response = rig.ask()
                assert b"%d" % response.status == status[:3]
                assert response.values(b"location") == [place]
        assert elsewhere.accepted == 0
    assert len(rig.upstream.requests) == 20


@behaviour
def a_compressed_body_comes_as_it_is(rig: Rig) -> None:
    """See clerk/javascript#8159, galaxy#21169 and asgi-proxy-lib#9."""
    body = gzip.compress(b"x" * 5000, mtime=0)
    for encoding in (b"gzip", b"br"):
        rig.upstream.script(reply(body, b"Content-Encoding: " + encoding))
        response = rig.ask(b"/_torii/client", b"Accept-Encoding: gzip, br")
        assert response.body == body
        assert response.values(b"content-encoding") == [encoding]
        assert response.values(b"content-length") == [b"%d" % len(body)]


@behaviour
def a_response_is_not_cached_unless_the_upstream_says_how(rig: Rig) -> None:
    assert rig.ask().values(b"cache-control") == [b"no-store"]
    rig.upstream.script(reply(b"{}", b"Cache-Control: public, max-age=60"))
    assert rig.ask().values(b"cache-control") == [b"public, max-age=60"]


@behaviour
def interim_responses_are_swallowed(rig: Rig) -> None:
    interim = b"".join(
        b"HTTP/1.1 %b\r\nLink: </x>\r\n\r\n" % status
        for status in (b"100 Continue", b"102 Processing", b"103 Early Hints")
    )
    rig.upstream.script(interim + reply(b"done"))
    response = rig.ask()
    assert (response.status, response.body, response.informational) == (200, b"done", ())
    assert response.values(b"link") == []


@behaviour
def a_response_without_a_body_has_none(rig: Rig) -> None:
    for status in (b"204 No Content", b"304 Not Modified"):
        rig.upstream.script(b"HTTP/1.1 %b\r\nETag: x\r\n\r\n" % status)
        with rig.connect() as client:
            client.send(rig.request(b"/_torii/client"))
            response = client.read_response()
            assert (b"%d" % response.status, client.read_to_end()) == (status[:3], b"")
        assert response.values(b"etag") == [b"x"]


@behaviour
def a_304_keeps_its_length(rig: Rig) -> None:
    rig.upstream.script(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n")
    with rig.connect() as client:
        client.send(rig.request(b"/_torii/client"))
        assert client.read_response().status == 304
        assert client.read_to_end() == b""
    assert rig.ask().status == 304


@behaviour
def a_head_has_headers_only(rig: Rig) -> None:
    rig.upstream.script(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
    with rig.connect() as client:
        client.send(rig.request(b"/_torii/client", method=b"HEAD"))
        response = client.read_response(to_head=True)
        assert response.values(b"content-length") == [b"500"]
        assert client.read_to_end() == b""
    assert rig.ask(method=b"HEAD").status == 200
    assert [each.connection for each in rig.upstream.requests] == [1, 1]


@behaviour
def a_response_in_chunks_arrives(rig: Rig) -> None:
    chunks = chunked(b"one ", b"two") + b"0\r\nX-Trailer: x\r\n\r\n"
    rig.upstream.script(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
    response = rig.ask()
    assert (response.body, response.is_whole) == (b"one two", True)
    assert response.values(b"x-trailer") == []
    assert response.values(b"transfer-encoding") in ([], [b"chunked"])


@behaviour
def a_response_that_ends_with_its_connection_arrives(rig: Rig) -> None:
    rig.upstream.script(end_with_the_connection)
    response = rig.ask()
    assert (response.body, response.is_whole) == (b"all of it", True)


def end_with_the_connection(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.0 200 OK\r\n\r\nall ")
    exchange.send(b"of it")
    exchange.close()


@behaviour
def the_first_chunk_comes_before_the_last_is_made(rig: Rig) -> None:
    goes_on = threading.Event()

    def stream(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"first"))
        assert goes_on.wait(WATCHDOG)
        exchange.send(chunked(b"last") + b"0\r\n\r\n")

    rig.upstream.script(stream)
    with rig.connect() as client:
        client.send(rig.request(b"/_torii/client"))
        client.read_until(b"first")
        goes_on.set()
        client.read_until(b"last")


@behaviour
def a_client_that_does_not_read_holds_the_upstream_back(rig: Rig) -> None:
    most = 64 * 1024 * 1024
    taken: list[int] = []

    def flood(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % most)
        taken.append(exchange.send_until_it_stalls(bytes(65_536), most))
        rig.upstream.notify()

    rig.upstream.script(flood)
    with rig.connect() as client:
        client.send(rig.request(b"/_torii/client"))
        rig.upstream.wait_for(lambda: len(taken) > 0)
        client.reset()
    # The kernel takes some megabytes for each of the two connections.
    assert taken[0] < most / 2


@behaviour
def a_response_that_is_cut_never_looks_whole(rig: Rig) -> None:
    for start in (
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"part"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"64\r\npart",
    ):

        def cut(exchange: Exchange, start: bytes = start) -> None:
            exchange.send(start)
            exchange.close()

        rig.upstream.script(cut)
        try:
            response = rig.ask()
        except HungUp:
            continue
        assert response.status == 502 or not response.is_whole


@behaviour
def a_malformed_response_is_502(rig: Rig) -> None:
    """Also one whose headers are over 64 KiB, and 101, which nobody asked for."""
    for sent in MALFORMED:

        def send(exchange: Exchange, sent: bytes = sent) -> None:
            exchange.read_body()
            exchange.send(sent)
            exchange.close()

        rig.upstream.script(send)
        response = rig.ask(method=b"POST")
        assert response.status == 502, sent[:60]
        assert response.json()["error"]["code"] == "proxy_failed"


@behaviour
def headers_of_60_kb_pass(rig: Rig) -> None:
    fields = [b"X-Large-%d: " % number + b"x" * 1000 for number in range(58)]
    rig.upstream.script(reply(b"{}", *fields))
    response = rig.ask()
    assert response.status == 200
    assert len(response.values(b"x-large-57")[0]) == 1000
