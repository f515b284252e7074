"""The headers that are sent upstream, and those that are returned."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fuzzing import fuzz
from torii_backend.proxy.headers import (
    Header,
    Headers,
    framing_of,
    request_headers,
    response_headers,
)
from torii_backend.proxy.message import response_head
from torii_backend.proxy.refusal import RefusedError


def sent(*headers: Header, **options: Any) -> Headers:
    """Return what is sent after Host."""
    first, *others = request_headers(
        headers, **{"host": b"acme.torii.so", "framing": [], **options}
    )
    assert first == (b"Host", b"acme.torii.so")
    return others


def status_of(error: pytest.ExceptionInfo[RefusedError]) -> int:
    return error.value.response.status


def test_headers_pass_in_order_as_bytes() -> None:
    headers = [
        (b"X-B", b"\xe6 \xff"),
        (b"Authorization", b"Bearer x"),
        (b"x-a", b"1"),
        (b"X-B", b"2"),
        (b"Content-Type", b"application/json"),
        (b"X-Torii-Session-Token", b"s"),
        (b"Origin", b"null"),
        (b"User-Agent", b""),
    ]
    assert sent(*headers) == headers


@pytest.mark.parametrize(
    "name",
    [
        b"Connection",
        b"Keep-Alive",
        b"TE",
        b"Trailer",
        b"Transfer-Encoding",
        b"Upgrade",
        b"Expect",
        b"Host",
        b"Content-Length",
        b"Proxy",  # https://httpoxy.org
        b"Proxy-Authorization",
        b"Proxy-Connection",
        b"Forwarded",
        b"X-Forwarded-For",
        b"x-forwarded-host",
        b"X-FORWARDED-ANYTHING",
        b"X-Real-IP",
        b"True-Client-IP",
        b"CF-Connecting-IP",
        b"X_Forwarded_For",
        b"X_Anything",
    ],
)
def test_what_is_not_for_the_upstream_is_dropped(name: bytes) -> None:
    assert sent((name, b"x"), (b"X-Kept", b"1")) == [(b"X-Kept", b"1")]


def test_what_connection_names_is_dropped() -> None:
    headers = [(b"Connection", b"close, X-One"), (b"x-one", b"1"), (b"connection", b"\tx-two ")]
    assert sent(*headers, (b"X-Two", b"2"), (b"X-Three", b"3")) == [(b"X-Three", b"3")]


def test_a_client_may_name_its_cookies_in_connection() -> None:
    assert sent((b"Cookie", b"a=1"), (b"Connection", b"Cookie")) == []


def test_long_names_are_treated_alike() -> None:
    long = b"X-" + b"a" * 100
    assert sent((long, b"1"), (b"X_" + long, b"2"), (b"CF-" + long, b"3")) == [(long, b"1")]


@pytest.mark.parametrize("name", [b"X One", b"", b"X:", b"X\xe6", b"X\r\nY"])
def test_a_bad_name_is_400(name: bytes) -> None:
    with pytest.raises(RefusedError) as error:
        sent((name, b"x"))
    assert status_of(error) == 400


@pytest.mark.parametrize("value", [b"a\r\nb", b"a\nb", b"\0", b"\x0b", b"\x7f"])
def test_a_bad_value_is_400(value: bytes) -> None:
    with pytest.raises(RefusedError) as error:
        sent((b"X-One", b"a" + value + b"b"))
    assert status_of(error) == 400


def test_space_around_a_value_is_no_part_of_it() -> None:
    assert sent((b"X-One", b" \ta b\t ")) == [(b"X-One", b"a b")]


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        (b"a=1; sessionid=x; b=2", b"a=1; b=2"),
        (b"sessionid=x; a=1", b"a=1"),
        (b"a=1;sessionid=x", b"a=1"),
        (b'a=1;  b ="2";c', b'a=1;  b ="2";c'),
        (b"sessionid=x; sessionid = y ;csrftoken", None),
        (b"sessionidx=1; xsessionid=2; SessionID=3", b"sessionidx=1; xsessionid=2; SessionID=3"),
        # Some servers join several headers so, and a value may have a comma.
        (b"a=1,sessionid=x", b"a=1"),
        (b"a=1,b=2, sessionid=x,y; c=3", b"a=1,b=2; c=3"),
        (b"sessionid=x,y,z; a=1,2", b"a=1,2"),
        (b"a=1,xsessionid=x", b"a=1,xsessionid=x"),
        (b"", None),
    ],
)
def test_cookies_of_the_application_are_left_out(cookie: bytes, expected: bytes) -> None:
    headers = sent((b"Cookie", cookie), drop_cookies={b"sessionid", b"csrftoken"})
    assert headers == ([] if expected is None else [(b"Cookie", expected)])


def test_several_cookie_headers_become_one() -> None:
    headers = [(b"Cookie", b"a=1"), (b"X-One", b"1"), (b"cookie", b"b=2; c=3")]
    assert sent(*headers) == [(b"X-One", b"1"), (b"Cookie", b"a=1; b=2; c=3")]


def test_the_clients_address_is_sent_once() -> None:
    headers = sent((b"X-Forwarded-For", b"6.6.6.6"), forwarded_for="192.0.2.1")
    assert headers == [(b"X-Forwarded-For", b"192.0.2.1")]


@pytest.mark.parametrize(
    ("headers", "method", "expected"),
    [
        ([], "GET", []),
        ([], "DELETE", []),
        ([], "POST", [(b"Content-Length", b"0")]),
        ([], "PUT", [(b"Content-Length", b"0")]),
        ([], "PATCH", [(b"Content-Length", b"0")]),
        ([(b"content-length", b" 7 ")], "DELETE", [(b"Content-Length", b"7")]),
        ([(b"Content-Length", b"0")], "GET", [(b"Content-Length", b"0")]),
        ([(b"Transfer-Encoding", b"Chunked")], "POST", [(b"Transfer-Encoding", b"chunked")]),
    ],
)
def test_the_framing_of_a_body(headers: Headers, method: str, expected: Headers) -> None:
    assert framing_of(headers, 100).headers(method) == expected


@pytest.mark.parametrize(
    "headers",
    [
        [(b"Content-Length", b"5"), (b"Transfer-Encoding", b"chunked")],
        [(b"Content-Length", b"5"), (b"Content-Length", b"6")],
        [(b"Content-Length", b"5, 5")],
        [(b"Content-Length", b"+5")],
        [(b"Content-Length", b"5_0")],
        [(b"Content-Length", b"-1")],
        [(b"Content-Length", b"")],
        [(b"Content-Length", b"\xb2")],
        [(b"Content-Length", b"9" * 19)],
        [(b"Transfer-Encoding", b"gzip, chunked")],
        [(b"Transfer-Encoding", b"chunked"), (b"Transfer-Encoding", b"identity")],
    ],
)
def test_an_ambiguous_length_is_400(headers: Headers) -> None:
    with pytest.raises(RefusedError) as error:
        framing_of(headers, 100)
    assert status_of(error) == 400


def test_a_length_over_the_limit_is_413() -> None:
    assert framing_of([(b"Content-Length", b"100")], 100).length == 100
    with pytest.raises(RefusedError) as error:
        framing_of([(b"Content-Length", b"101")], 100)
    assert status_of(error) == 413


NO_STORE = (b"Cache-Control", b"no-store")


def test_a_response_keeps_its_headers() -> None:
    headers = [
        (b"Set-Cookie", b"a=1; Path=/; HttpOnly; Secure; SameSite=None; Partitioned"),
        (b"set-cookie", b"b=2, c; Expires=Thu, 01 Jan 1970 00:00:00 GMT"),
        (b"Location", b"//elsewhere.example/?a=\xe6"),
        (b"Cache-Control", b"private"),
        (b"Retry-After", b"5"),
        (b"Content-Encoding", b"gzip"),
        (b"Content-Length", b"7"),
    ]
    assert response_headers(headers) == headers


@pytest.mark.parametrize(
    "name",
    [
        b"Connection",
        b"Keep-Alive",
        b"Proxy-Authenticate",
        b"Trailer",
        b"Transfer-Encoding",
        b"Upgrade",
        b"Date",
        b"Server",
        b"Strict-Transport-Security",
        b"Public-Key-Pins",
        b"Alt-Svc",
        b"NEL",
        b"Report-To",
        b"Reporting-Endpoints",
        b"Expect-CT",
        b"Clear-Site-Data",
        b"Service-Worker-Allowed",
    ],
)
def test_what_is_not_for_the_client_is_dropped(name: bytes) -> None:
    assert response_headers([(name, b"x"), (b"X-Kept", b"1")]) == [(b"X-Kept", b"1"), NO_STORE]


def test_a_response_in_chunks_has_no_length() -> None:
    headers = [(b"Content-Length", b"5"), (b"Transfer-Encoding", b"chunked")]
    assert response_headers(headers) == [NO_STORE]


def test_headers_over_64_kib_are_502() -> None:
    assert response_headers([(b"X", b"x" * 65_531)])
    with pytest.raises(RefusedError) as error:
        response_headers([(b"X", b"x" * 65_532)])
    assert status_of(error) == 502


def test_a_bad_response_header_is_502() -> None:
    with pytest.raises(RefusedError) as error:
        response_headers([(b"X-One", b"a\x01b")])
    assert status_of(error) == 502


@pytest.mark.parametrize(
    ("method", "status", "headers", "expected"),
    [
        ("GET", 200, [(b"Content-Length", b"7")], 7),
        ("GET", 200, [], None),
        ("GET", 200, [(b"Content-Length", b"7"), (b"Transfer-Encoding", b"chunked")], None),
        ("HEAD", 200, [(b"Content-Length", b"7")], 0),
        ("GET", 204, [], 0),
        ("GET", 304, [(b"Content-Length", b"7")], 0),
    ],
)
def test_how_much_of_a_body_comes(
    method: str, status: int, headers: Headers, expected: int
) -> None:
    head = response_head(method, status, headers, phrase=b"", version=b"HTTP/1.1")
    assert head.length == expected


@pytest.mark.parametrize(
    ("status", "phrase", "expected"),
    [
        (200, b"Sehr gut \xe6", "Sehr gut \xe6"),
        (200, b"", "OK"),
        (204, b"\x01", "No Content"),
        (599, b"", "Unknown"),
    ],
)
def test_the_words_beside_a_status(status: int, phrase: bytes, expected: str) -> None:
    head = response_head("GET", status, [], phrase=phrase, version=b"HTTP/1.1")
    assert (head.status, head.phrase) == (status, expected)


@pytest.mark.parametrize(
    ("status", "version"), [(101, b"HTTP/1.1"), (600, b"HTTP/1.1"), (200, b"HTTP/9.9")]
)
def test_a_response_that_cannot_be_passed_on_is_502(status: int, version: bytes) -> None:
    with pytest.raises(RefusedError) as error:
        response_head("GET", status, [], phrase=b"", version=version)
    assert status_of(error) == 502


names = st.sampled_from(
    [b"Host", b"Cookie", b"Connection", b"X-A", b"X_A", b"Content-Length", b"TE"]
)
headers = st.lists(st.tuples(names | st.binary(max_size=8), st.binary(max_size=12)), max_size=6)


@fuzz
@given(headers)
def test_whatever_is_sent_can_be_read_in_one_way(received: Headers) -> None:
    try:
        found = sent(*received)
    except RefusedError:
        return
    keys = [name.lower() for name, _ in found]
    assert keys.count(b"cookie") <= 1
    assert not {b"host", b"content-length", b"te", b"connection"} & {*keys}
    assert not any(b"_" in key for key in keys)
    line = b"".join(name + b": " + value for name, value in found)
    assert not {*b"\r\n\0"} & {*line}
    others = [(name, value.strip(b" \t")) for name, value in received]
    assert [each for each in found if each[0].lower() != b"cookie"] == [
        each for each in others if each in found and each[0].lower() != b"cookie"
    ]


@fuzz
@given(st.lists(st.sampled_from([b"a=1", b" b=2", b"sid=3", b" sid = 4", b"", b'q="x'])))
def test_other_cookies_stay_as_they_are(pairs: list[bytes]) -> None:
    found = dict(sent((b"Cookie", b";".join(pairs)), drop_cookies={b"sid"}))
    kept = b";".join(pair for pair in pairs if b"sid" not in pair)
    assert found.get(b"Cookie", b"").strip() == kept.strip()
