"""The bearer token is found in any kind of headers, and only if it is the one set of credentials."""

# ruff: noqa: RUF005  (cases in rows read better than one a line)

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from email.parser import Parser
from http.client import HTTPMessage
from typing import Any, Optional, Union

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict
from werkzeug.datastructures import EnvironHeaders
from werkzeug.datastructures import Headers as WerkzeugHeaders

from tests.support.clock import WATCHDOG
from tests.support.fuzzing import any_text, fuzz
from torii_backend import (
    InvalidRequest,
    InvalidToken,
    MissingCredentials,
    ToriiAuthError,
    authenticate_request_async,
)
from torii_backend import authenticate_request as authenticate
from torii_backend._guard.bearer import bearer_token

TOKEN = "header.payload.signature-_"
VALUE = f"Bearer {TOKEN}"


def message(*lines: str) -> HTTPMessage:
    return Parser(_class=HTTPMessage).parsestr("\n".join(lines) + "\n\n")


SHAPES: dict[str, Any] = {
    "str": {"Authorization": VALUE},
    "lower case": {"authorization": VALUE},
    "upper case": {"AUTHORIZATION": VALUE},
    "bytes": {b"Authorization": VALUE.encode()},
    "mixed": {b"authorization": VALUE},
    "WSGI environ": {"REQUEST_METHOD": "GET", "HTTP_AUTHORIZATION": VALUE, "wsgi.input": object()},
    "Django META in lower case": {"http_authorization": VALUE},
    "ASGI pairs": [(b"host", b"x"), (b"authorization", VALUE.encode())],
    "pairs of str": [("Authorization", VALUE)],
    "iterator": iter([("Authorization", VALUE)]),
    "lists as pairs": [["Authorization", VALUE]],
    "list of values": {"Authorization": [VALUE]},
    "tuple of values": {"Authorization": (VALUE,)},
    "list of bytes": {"authorization": [VALUE.encode()]},
    "bytearray": {"authorization": bytearray(VALUE.encode())},
    "None beside it": {"Authorization": VALUE, "authorization": None},
    "None in the list": {"Authorization": [None, VALUE]},
    "names that are not text": {None: 1, 5: 2, "Authorization": VALUE},
    "requests": CaseInsensitiveDict({"authorization": VALUE}),
    "http.client": message("Host: x", f"Authorization: {VALUE}"),
    "werkzeug": WerkzeugHeaders([("Authorization", VALUE)]),
    "werkzeug environ": EnvironHeaders({"HTTP_AUTHORIZATION": VALUE}),
}


@pytest.mark.parametrize("headers", SHAPES.values(), ids=SHAPES.keys())
def test_any_shape_of_headers(headers: Any) -> None:
    assert bearer_token(headers) == TOKEN


def test_the_headers_of_starlette() -> None:
    datastructures = pytest.importorskip("starlette.datastructures")
    assert bearer_token(datastructures.Headers({"Authorization": VALUE})) == TOKEN
    twice = datastructures.Headers(raw=[(b"authorization", VALUE.encode())] * 2)
    with pytest.raises(InvalidRequest):
        bearer_token(twice)


def test_the_headers_of_django() -> None:
    request = pytest.importorskip("django.http.request")
    assert bearer_token(request.HttpHeaders({"HTTP_AUTHORIZATION": VALUE})) == TOKEN


def test_the_headers_of_httpx() -> None:
    httpx = pytest.importorskip("httpx")
    assert bearer_token(httpx.Headers({"Authorization": VALUE})) == TOKEN
    with pytest.raises(InvalidRequest):
        bearer_token(httpx.Headers([("Authorization", VALUE), ("Authorization", VALUE)]))


@pytest.mark.parametrize(
    "value",
    [VALUE, f"bearer {TOKEN}", f"BEARER {TOKEN}", f"bEaReR {TOKEN}", f" {VALUE} ", f"\t{VALUE}\t"]
    + [f"Bearer   {TOKEN}", f"Bearer \t{TOKEN}"],
)
def test_spellings_of_the_scheme(value: str) -> None:
    assert bearer_token({"authorization": value}) == TOKEN


def test_a_header_may_carry_the_token_alone() -> None:
    def bare(value: Any) -> str:
        return bearer_token({"x-access-token": value}, "x-access-token", None)

    assert bare(TOKEN) == bare(f" {TOKEN}\t") == TOKEN
    for value in ("", " ", VALUE, f"{TOKEN}, {TOKEN}", f"{TOKEN} {TOKEN}", [TOKEN, TOKEN]):
        with pytest.raises(InvalidRequest):
            bare(value)
    with pytest.raises(MissingCredentials):
        bearer_token({"authorization": TOKEN}, "x-access-token", None)


@pytest.mark.parametrize("token", ["a", "a.b.c", "a-._~+/", "abc=", "abc==", "=a"[1:], "A" * 16384])
def test_whatever_rfc_6750_allows_is_handed_on(token: str) -> None:
    assert bearer_token({"authorization": f"Bearer {token}"}) == token


@pytest.mark.parametrize(
    "headers",
    [
        {},
        [],
        {"authorization": None},
        {"authorization": []},
        {"authorization": [None]},
        {"authorization": ""},
        {"authorization": " "},
        {"authorization": "Basic YTpi"},
        {"authorization": "Basic"},
        {"authorization": TOKEN},
        {"authorization": "Bearerx y"},
        {"authorization": 'Digest username="a, b c", realm="x", nonce="y"'},
        {"authorization": 'Digest username="a \\", b c", realm="x"'},
        {"authorization": "Digest username=a, realm = b"},
        {"proxy-authorization": VALUE},
        {"x-authorization": VALUE},
        {"authorization2": VALUE},
        {"http-authorization": VALUE},
        {"http_http_authorization": VALUE},
        [("http_authorization", VALUE)],
        [(b"HTTP_AUTHORIZATION", VALUE.encode())],
        CaseInsensitiveDict({"http_authorization": VALUE}),
        message(f"HTTP_AUTHORIZATION: {VALUE}"),
        {"cookie": VALUE},
        {"wsgi.authorization": VALUE},
    ],
)
def test_no_bearer_credentials(headers: Any) -> None:
    with pytest.raises(MissingCredentials) as caught:
        bearer_token(headers)
    assert (caught.value.status, caught.value.reason) == (401, "missing_credentials")


@pytest.mark.parametrize(
    "value",
    [
        "Bearer",
        "bearer",
        "Bearer ",
        " Bearer\t",
        "Bearer a b",
        "Bearer a,b",
        'Bearer "a"',
        "Bearer =a",
    ]
    + ["Bearer a=b", "Bearer a\n", "Bearer a\r\nX: y", "Bearer \x00", "Bearer é", "Bearer a;b"]
    + [
        "Bearer \ud800",
        f"Bearer {TOKEN}\n",
        b"Bearer \xff",
        f"Bearer Bearer {TOKEN}",
        "Bearer a\x0bb",
    ],
)
def test_a_malformed_bearer_token(value: Union[str, bytes]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        bearer_token({"authorization": value})
    assert (caught.value.status, caught.value.reason) == (400, "invalid_request")


@pytest.mark.parametrize(
    "headers",
    [
        [("Authorization", VALUE), ("authorization", VALUE)],
        [(b"authorization", VALUE.encode()), (b"authorization", b"Basic YTpi")],
        [("authorization", "Basic YTpi"), ("authorization", VALUE)],
        {"Authorization": VALUE, "HTTP_AUTHORIZATION": VALUE},
        {"Authorization": VALUE, b"authorization": VALUE},
        {"authorization": [VALUE, VALUE]},
        {"authorization": [VALUE, ""]},
        {"authorization": f"{VALUE}, {VALUE}"},
        {"authorization": f"{VALUE},{VALUE}"},
        {"authorization": f"{VALUE}, Basic YTpi"},
        {"authorization": f"Basic YTpi, {VALUE}"},
        {"authorization": f"Basic YTpi,{VALUE}"},
        {"authorization": "Basic YTpi, Basic YTpi"},
        {"authorization": f'Digest username="x", realm="y, z", {VALUE}'},
        message(f"Authorization: {VALUE}", f"Authorization: {VALUE}"),
        WerkzeugHeaders([("Authorization", VALUE), ("authorization", "x")]),
    ],
)
def test_more_than_one_set_of_credentials(headers: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        bearer_token(headers)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "headers",
    [5, True, object(), "string", b"string", "a", dict, [5], ["abc"], [("a",)]]
    + [[("a", "b", "c")]],
)
def test_an_argument_that_is_not_headers(headers: Any) -> None:
    with pytest.raises(TypeError):
        bearer_token(headers)


@pytest.mark.parametrize("value", [5, True, 1.5, object(), {"a": 1}, [5], [[VALUE]]])
def test_a_value_that_is_not_text(value: Any) -> None:
    with pytest.raises(TypeError):
        bearer_token({"authorization": value})


def test_values_of_other_headers_are_not_looked_at() -> None:
    assert bearer_token({"wsgi.errors": object(), "X-N": 5, "authorization": VALUE}) == TOKEN


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Token": VALUE},
        {"HTTP_X_TOKEN": VALUE},
        [(b"x-token", VALUE.encode())],
        {"http_x_token": VALUE},
    ],
)
def test_another_header(headers: Any) -> None:
    assert bearer_token(headers, "x-token") == TOKEN
    with pytest.raises(MissingCredentials):
        bearer_token(headers)


def test_another_header_takes_no_notice_of_authorization() -> None:
    both = {"Authorization": "Basic YTpi", "X-Token": VALUE}
    assert bearer_token(both, "x-token") == TOKEN
    with pytest.raises(MissingCredentials):
        bearer_token({"Authorization": VALUE}, "x-token")


@pytest.mark.parametrize("token", ["A" * 16_385, "A" * 1_000_000, "é" * 20_000, "a b " * 9_000])
def test_an_oversize_token_is_the_verifiers_to_refuse(token: str) -> None:
    with pytest.raises(InvalidToken) as caught:
        authenticate({"authorization": f"Bearer {token}"}, issuer="https://acme.torii.so")
    assert caught.value.reason == "malformed"


@fuzz
@example("\ud800", "Bearer ")
@given(any_text | st.binary(max_size=100), st.sampled_from(["", "Bearer ", "Basic ", "Bearer a, "]))
def test_any_value_of_the_header(value: Union[str, bytes], prefix: str) -> None:
    text = prefix + value if isinstance(value, str) else prefix.encode() + value
    token: Optional[str] = None
    try:
        token = bearer_token({"authorization": text})
    except ToriiAuthError as refusal:
        refused: type[ToriiAuthError] = type(refusal)
    if token is None:
        assert refused in (MissingCredentials, InvalidRequest)
    else:
        with pytest.raises(InvalidToken):
            authenticate({"authorization": text}, issuer="https://acme.torii.so")


def test_a_hostile_value_is_looked_at_in_linear_time() -> None:
    """A megabyte is looked at in an instant, or, if any loop is quadratic, not in half an hour."""
    script = """
from torii_backend import ToriiAuthError
from torii_backend._guard.bearer import bearer_token

n = 500_000
for value in (
    '"' + '\\\\"' * n, '"' * n, '" ' * n, '"' + '\\\\' * n, ", " * n, ",a " * n + "=", ",a=" * n,
    "," + " " * n, ",a" + " " * n + "=", "," + "a" * n, ", a" * n, "Bearer " * n, ",Bearer " * n,
):
    for prefix in ("Basic ", "Bearer ", ""):
        try:
            bearer_token({"authorization": prefix + value})
        except ToriiAuthError:
            pass
"""
    subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)},
        timeout=WATCHDOG / 2,
        check=True,
    )


@pytest.mark.parametrize("value", [f"Bearer\t{TOKEN}", f"bearer\u000b{TOKEN}", "Bearer\t"])
def test_a_bearer_token_behind_other_white_space_is_malformed(value: str) -> None:
    with pytest.raises(InvalidRequest):
        bearer_token({"authorization": value})


def test_no_headers_at_all_are_no_credentials() -> None:
    """Some gateways write null for a request without headers."""
    with pytest.raises(MissingCredentials):
        authenticate(None, issuer="https://acme.example")
    with pytest.raises(MissingCredentials):
        asyncio.run(authenticate_request_async(None, issuer="https://acme.example"))
