"""What the upstream gets to see of a request's method and headers (5 to 8)."""

from __future__ import annotations

from typing import Any

from tests.proxy.rig import Rig, behaviour
from tests.proxy.upstream import Exchange

METHODS = (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS")
# RFC 9110 section 7.6.1, and those that belong to a connection or a proxy by their names.
HOP_BY_HOP = (
    b"Keep-Alive: timeout=5",
    b"Proxy-Connection: keep-alive",
    b"Proxy-Authorization: Basic aHVudGVyMg==",
    b"Proxy-Authenticate: Basic",
    b"Proxy-Anything: x",
    b"TE: trailers",
    b"Trailer: Expires",
    b"Upgrade: x",
)
FORWARDING = (
    b"Forwarded: for=192.0.2.1",
    b"X-Forwarded-For: 192.0.2.1",
    b"X-Forwarded-Host: evil.test",
    b"X-Forwarded-Proto: https",
    b"X-Forwarded-Port: 443",
    b"X-Forwarded-Prefix: /x",
    b"X-Forwarded-Server: x",
    b"X-Forwarded-Anything: x",
    b"X-Real-IP: 192.0.2.1",
    b"Proxy: http://evil.test",
    b"True-Client-IP: 192.0.2.1",
    b"CF-Connecting-IP: 192.0.2.1",
    b"CF-Ray: x",
    b"CF-Anything: x",
)
OF_TORII = (
    b"User-Agent: Mozilla/5.0 (Caf\xe9)",
    b"Accept: application/json, */*;q=0.5",
    b"Accept-Language: da",
    b"Accept-Encoding: gzip, br",
    b"Origin: https://app.example",
    b"Referer: https://app.example/sign-in?x=1",
    b"Authorization: Bearer a.b.c",
    b"X-Torii-Session-Token: t",
    b"Sec-Fetch-Site: same-origin",
    b'If-None-Match: W/"x"',
    b"Priority: u=1, i",
)


def _joined(request: Exchange, name: bytes) -> bytes:
    """Give the values of a header as one: servers may join them, with or without a space."""
    return b",".join(request.values(name)).replace(b", ", b",")


@behaviour
def seven_methods_are_sent(rig: Rig) -> None:
    for method in METHODS:
        assert rig.ask(method=method).status == 200
    assert tuple(request.method for request in rig.upstream.requests) == METHODS


@behaviour
def any_other_method_is_405(rig: Rig) -> None:
    """Clerk's Express middleware responded to TRACE with 500."""
    for method in (b"TRACE", b"PROPFIND", b"CONNECT", b"PURGE", b"X"):
        rig.sends_nothing(rig.request(b"/_torii/client", method=method), 405)
    response = rig.ask(method=b"PROPFIND")
    if response.status == 405 and response.values(b"allow"):
        (allow,) = response.values(b"allow")
        assert sorted(allow.split(b", ")) == sorted(METHODS)


@behaviour
def the_host_is_the_upstreams(rig: Rig) -> None:
    assert rig.forwarded().values(b"host") == [rig.upstream.host]


@behaviour
def hop_by_hop_headers_are_dropped(rig: Rig) -> None:
    assert rig.forwarded(*HOP_BY_HOP).names == [b"host"]


@behaviour
def headers_that_connection_names_are_dropped(rig: Rig) -> None:
    """See clerk/javascript#8163."""
    request = rig.forwarded(
        b"Connection: keep-alive, X-Hop",
        b"x-hop: 1",
        b"X-Kept: 2",
    )
    assert request.names == [b"host", b"x-kept"]


@behaviour
def connection_names_neither_the_host_nor_the_length_away(rig: Rig) -> None:
    body = b"GET /_torii/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    names = b"Connection: Host, Content-Length, Transfer-Encoding"
    request = rig.forwarded(names, method=b"POST", body=body)
    assert request.values(b"host") == [rig.upstream.host]
    assert request.values(b"content-length") == [b"%d" % len(body)]


@behaviour
def what_the_client_says_of_its_way_is_dropped(rig: Rig) -> None:
    """See qryptchat-web#79: X-Forwarded-For was believed."""
    assert rig.forwarded(*FORWARDING).names == [b"host"]


@behaviour
def names_with_an_underscore_are_dropped(rig: Rig) -> None:
    """Servers in CGI's tradition take `X_Real_IP` for `X-Real-IP`; see also django-revproxy#172."""
    request = rig.forwarded(
        b"X_Real_IP: 192.0.2.1", b"X_Kept: 1", b"HTTP_HOST: x", b"HTTP_X_FORWARDED_FOR: 1"
    )
    assert request.names == [b"host"]


@behaviour
def all_other_headers_pass_once_and_in_order(rig: Rig) -> None:
    request = rig.forwarded(*OF_TORII, b"Cookie: __client_session=abc; __client_session_hint=1")
    pairs = [field.split(b": ", 1) for field in OF_TORII]
    expected = [(name.lower(), value) for name, value in pairs]
    # Those that the proxy may change have no place of their own.
    changed = (b"host", b"cookie")
    assert [field for field in request.fields if field[0] not in changed] == expected
    assert request.values(b"cookie") == [b"__client_session=abc; __client_session_hint=1"]


@behaviour
def values_are_bytes(rig: Rig) -> None:
    request = rig.forwarded(
        b"X-Latin: caf\xe9", b"X-Utf: \xc3\xa6\xe2\x82\xac", b"X-Tab: a\tb", b"X-Empty:"
    )
    assert request.values(b"x-latin") == [b"caf\xe9"]
    assert request.values(b"x-utf") == [b"\xc3\xa6\xe2\x82\xac"]
    assert request.values(b"x-tab") == [b"a\tb"]
    assert request.values(b"x-empty") == [b""]


@behaviour
def a_header_that_comes_twice_is_sent_twice_or_joined(rig: Rig) -> None:
    request = rig.forwarded(b"X-Twice: 1", b"X-Other: x", b"X-Twice: 2")
    assert _joined(request, b"x-twice") == b"1,2"
    assert request.values(b"x-other") == [b"x"]


@behaviour
def nothing_is_added(rig: Rig) -> None:
    assert rig.forwarded().names == [b"host"]


@behaviour
def x_forwarded_for_is_sent_on_demand_only(rig: Rig) -> None:
    """See learnhouse#961: everybody shared the address of the server."""
    request = rig.forwarded(
        b"X-Forwarded-For: 198.51.100.1", b"X-Visitor: 192.0.2.7", client_ip=visitor
    )
    assert request.values(b"x-forwarded-for") == [b"192.0.2.7"]
    assert request.values(b"x-forwarded-host") == []


@behaviour
def x_forwarded_for_is_an_address_or_not_sent(rig: Rig) -> None:
    for value in (
        b"192.0.2.7, 192.0.2.8",
        b"unknown",
        b"",
        b"192.0.2.7:80",
        b"fe80::1%, 192.0.2.8",
    ):
        response = rig.ask(b"/_torii/client", b"X-Visitor: " + value, client_ip=visitor)
        assert response.status in (200, 400, 502)
    assert all(request.values(b"x-forwarded-for") == [] for request in rig.upstream.requests)


def visitor(request: Any) -> str:
    """What a deployment that knows its proxies may pass as `client_ip`."""
    return str(request.getlist("x-visitor")[0])


@behaviour
def cookies_can_be_kept_from_torii(rig: Rig) -> None:
    request = rig.forwarded(
        b'Cookie: a=1; session=hunter2;  b="x;y";sessionid=hunter2; xsession=2; c=\xe9; d',
        drop_cookies=("session", "sessionid"),
    )
    (value,) = request.values(b"cookie")
    assert b"hunter2" not in request.head
    # Byte by byte but for the cookies that are gone.
    for kept in (b"a=1", b'  b="x;y"', b" xsession=2", b" c=\xe9", b" d"):
        assert kept in value


@behaviour
def cookies_can_be_kept_from_torii_in_several_headers(rig: Rig) -> None:
    request = rig.forwarded(
        b"Cookie: a=1",
        b"Cookie: session=hunter2,hunter2",
        b"Cookie: b=2",
        drop_cookies=("session",),
    )
    assert b"hunter2" not in request.head


@behaviour
def a_cookie_header_without_cookies_is_not_sent(rig: Rig) -> None:
    request = rig.forwarded(b"Cookie: session=hunter2", drop_cookies=("session",))
    assert request.names == [b"host"]


@behaviour
def cookies_that_are_not_dropped_are_not_touched(rig: Rig) -> None:
    value = b'  a=1 ;b = "2" ;; c=%20;=d; e==;'.strip(b" ")
    assert rig.forwarded(b"Cookie: " + value).values(b"cookie") == [value]
