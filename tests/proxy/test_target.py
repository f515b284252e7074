"""Which targets are taken, and how they are sent: byte for byte, or not at all."""

from __future__ import annotations

import posixpath
from typing import Any, Optional
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fuzzing import fuzz
from torii_backend._guard.refusal import RefusalResponse
from torii_backend.proxy.target import Taken, take_environ, take_scope, upstream_target


def shown(taken: Taken) -> Any:
    """Give a refusal by its status."""
    return taken.status if isinstance(taken, RefusalResponse) else taken


@pytest.mark.parametrize(
    "target",
    [
        b"/_torii",
        b"/_torii/",
        b"/_torii/client",
        b"/_torii/client?",
        b"/_torii/client?a=1&a=2&b=%2F..%2f&c=//&d=\\",
        b"/_torii/a%2Fb/%41%zz%",
        b"/_torii/a;b=1/.well-known/..x/x../...",
        b"/_torii/%252e%252e/x",
        b"/_torii/%C3%A6%ff",
        b"/_torii?next=/../admin",
    ],
)
def test_a_target_below_the_prefix_is_sent_as_it_is(target: bytes) -> None:
    assert upstream_target(target) == target


@pytest.mark.parametrize(
    "target",
    [
        b"/",
        b"",
        b"*",
        b"_torii/client",
        b"/_toriix",
        b"/_torii%2Fclient",
        b"/%5ftorii/client",
        b"/_TORII/client",
        b"//_torii/client",
        b"/x/../_torii/client",
        b"/_torii;x/client",
        b"/x?/_torii/client",
        b"acme.torii.so:443",
    ],
)
def test_any_other_target_is_the_applications(target: bytes) -> None:
    assert upstream_target(target) is None


@pytest.mark.parametrize(
    "path",
    [
        b"/..",
        b"/../x",
        b"/%2e%2e/x",
        b"/.%2E/x",
        b"/..%2fx",
        b"/a/./b",
        b"/.",
        b"/a/%2e",
        b"/..;/x",
        b"/..;a=b/x",
        b"/%2e%2e%3bx/y",
        b"/..\\x",
        b"/..%5cx",
        b"/a%5Cb",
        b"//x",
        b"/a//b",
        b"/%2fx",
        b"/a%2F/b",
        b"/a%00",
        b"/a%0d%0aHost:x",
        b"/a%7f",
        b"/%c0%ae%c0%ae/x",
        b"/%e0%80%ae/x",
        b"/%f0%80%80%ae/x",
        b"/a b",
        b"/a\tb",
        b"/a\x00",
        b"/\xc3\xa6",
        b"/#/x",
        b"/x?\xff",
        b"/x? ",
        b"/x?#",
    ],
)
def test_what_could_be_read_in_two_ways_is_404(path: bytes) -> None:
    assert shown(upstream_target(b"/_torii" + path)) == 404


def test_a_target_over_8_kib_is_414() -> None:
    target = b"/_torii/x?" + b"a" * 8182
    assert upstream_target(target) == target
    assert shown(upstream_target(target + b"a")) == 414
    assert upstream_target(b"/x" + target + b"a") is None


@fuzz
@given(st.binary(max_size=40))
def test_no_path_that_is_sent_leaves_the_prefix(rest: bytes) -> None:
    target = b"/_torii/" + rest
    taken = upstream_target(target)
    if isinstance(taken, RefusalResponse):
        assert taken.status == 404
        return
    assert taken == target
    decoded = unquote_to_bytes(target.partition(b"?")[0]).replace(b"\\", b"/")
    assert posixpath.normpath(decoded) == decoded.rstrip(b"/")


PIECES = [
    ".",
    "..",
    "/",
    "\\",
    "%2e",
    "%2F",
    "%5c",
    ";",
    "?",
    "#",
    "%00",
    "a",
    "%",
    "_torii",
    "%25",
]


@fuzz
@given(st.lists(st.sampled_from(PIECES), max_size=8))
def test_no_spelling_of_a_way_out_is_sent(pieces: list[str]) -> None:
    target = ("/_torii/" + "".join(pieces)).encode()
    if upstream_target(target) == target:
        decoded = unquote_to_bytes(target.partition(b"?")[0])
        parts = [part.split(b";")[0] for part in decoded.replace(b"\\", b"/").split(b"/")]
        assert not {b".", b".."} & {*parts}


CLIENT = b"/_torii/client"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"RAW_URI": "/_torii/a%2Fb?x"}, b"/_torii/a%2Fb?x"),
        ({"REQUEST_URI": "/_torii/a%2Fb?"}, b"/_torii/a%2Fb?"),
        ({"RAW_URI": "https://evil.example:8443/_torii/client?x"}, CLIENT + b"?x"),
        ({"RAW_URI": "HTTP://evil.example/_torii/client"}, CLIENT),
        ({"RAW_URI": "//evil.example/_torii/client"}, None),
        ({"RAW_URI": "http://evil.example?/_torii/client"}, None),
        ({"RAW_URI": "/%5ftorii/client", "PATH_INFO": "/_torii/client"}, None),
        ({"RAW_URI": "/_torii/client", "PATH_INFO": "/other"}, CLIENT),
        ({"RAW_URI": "/_torii/\u2603"}, 404),
        ({"RAW_URI": "/shop/_torii/client", "SCRIPT_NAME": "/shop"}, None),
        ({"RAW_URI": "/_torii/client", "SCRIPT_NAME": "/shop"}, None),
        ({"RAW_URI": "/_torii/client", "SCRIPT_NAME": "/_torii"}, CLIENT),
        ({"RAW_URI": "/client", "SCRIPT_NAME": "/_torii/"}, CLIENT),
        ({"PATH_INFO": "/_torii/a b", "QUERY_STRING": "x=%2F"}, b"/_torii/a%20b?x=%2F"),
        ({"PATH_INFO": "/_torii/\xc3\xa6%2F"}, b"/_torii/%C3%A6%252F"),
        ({"PATH_INFO": "/_torii/a?b#c"}, b"/_torii/a%3Fb%23c"),
        ({"PATH_INFO": "/_torii/../x"}, 404),
        ({"PATH_INFO": "/_torii/\u2603"}, 404),
        ({"PATH_INFO": "/client", "SCRIPT_NAME": "/_torii"}, CLIENT),
        ({"PATH_INFO": "/_torii/client", "SCRIPT_NAME": "/shop"}, None),
        ({}, None),
    ],
)
def test_a_wsgi_request_by_its_raw_target(environ: dict[str, str], expected: Any) -> None:
    assert shown(take_environ(environ)) == expected


@pytest.mark.parametrize(
    ("path", "raw_path", "root_path", "expected"),
    [
        ("/_torii/a/b", b"/_torii/a%2Fb", "", b"/_torii/a%2Fb?x=1"),
        ("/_torii/a/b", None, "", b"/_torii/a/b?x=1"),
        ("/_torii/\xe6 %2F", None, "", b"/_torii/%C3%A6%20%252F?x=1"),
        ("/_torii/\udc80", None, "", 404),
        ("/_torii/client", b"http://evil.example/_torii/client", "", CLIENT + b"?x=1"),
        ("/_torii/client", b"/_torii/client?y=2", "", CLIENT + b"?x=1"),
        ("/_torii/client", b"/%5Ftorii/client", "", None),
        ("/shop/_torii/client", b"/shop/_torii/client", "/shop", None),
        ("/_torii/client", b"/_torii/client", "/shop", None),
        ("/_torii/client", b"/_torii/client", "/_torii", CLIENT + b"?x=1"),
        ("/client", b"/client", "/_torii", CLIENT + b"?x=1"),
        ("/_torii/client", b"/_torii/client", "/", CLIENT + b"?x=1"),
    ],
)
def test_an_asgi_request_by_its_raw_target(
    path: str, raw_path: Optional[bytes], root_path: str, expected: Any
) -> None:
    scope = {"path": path, "raw_path": raw_path, "root_path": root_path, "query_string": b"x=1"}
    assert shown(take_scope(scope)) == expected
