"""Anything but a compact JWS with two JSON objects is `malformed`."""

# ruff: noqa: RUF005  (cases in rows read better than one a line)

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any, Callable

import pytest

from tests.support.clock import WATCHDOG
from tests.support.issuer import Issuer, b64url
from tests.support.refusal import reason
from torii_backend import Auth, Verifier

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
LIMIT = 16 * 1024


@pytest.mark.parametrize(
    "token",
    [None, 0, 5, 1.5, True, object(), [], ("a", "b", "c"), {}, bytearray(b"a.b.c"), b"a.b.c"[:0]]
    + ["", ".", "..", "...", "a", "a.b", "a.b.", ".b.c", "a..c", "Bearer a.b.c", "null", "\x00"],
)
def test_values_that_are_not_tokens(verifier: Verifier, token: Any) -> None:
    assert reason(verifier, token) == "malformed"


def test_a_memory_view_is_not_a_token(verifier: Verifier, issuer: Issuer) -> None:
    assert reason(verifier, memoryview(issuer.token().encode())) == "malformed"


SPOILED: dict[str, Callable[[str], Any]] = {
    "two parts": lambda token: token.rpartition(".")[0],
    "four parts": lambda token: token + ".x",
    "four parts, the last empty": lambda token: token + ".",
    "five parts, as in a JWE": lambda token: token + ".x.y",
    "a dot in front": lambda token: "." + token,
    "a space in front": lambda token: " " + token,
    "a space behind": lambda token: token + " ",
    "a line feed behind": lambda token: token + "\n",
    "a line feed behind, as bytes": lambda token: token.encode() + b"\n",
    "a line feed inside": lambda token: token[:9] + "\n" + token[9:],
    "a space after a dot": lambda token: token.replace(".", ". ", 1),
    "a null character behind": lambda token: token + "\0",
    "padding at the end": lambda token: token + "==",
    "padding in the header": lambda token: token.replace(".", "=.", 1),
    "another alphabet": lambda token: token[:9] + "+" + token[10:],
    "another alphabet, as bytes": lambda token: token[:9].encode() + b"/" + token[10:].encode(),
    "a lone surrogate": lambda token: token[:9] + "\ud800" + token[10:],
    "a lone surrogate behind": lambda token: token + "\udfff",
    "letters beyond ASCII": lambda token: token[:9] + "é" + token[10:],
    "full-width letters": lambda token: token[:9] + "\uff21" + token[10:],
    "bytes beyond ASCII": lambda token: token.encode()[:9] + b"\xff" + token.encode()[10:],
    "a byte order mark": lambda token: "\ufeff" + token,
    "UTF-16": lambda token: token.encode("utf-16"),
    "an impossible length": lambda token: token + "AAA",
    "stray bits in the signature": lambda token: with_stray_bits(token),  # noqa: PLW0108
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED.keys())
def test_a_malformed_copy_of_a_good_token(
    verifier: Verifier, issuer: Issuer, spoil: Callable[[str], Any]
) -> None:
    token = issuer.token()
    assert verifier.verify(token)
    assert reason(verifier, spoil(token)) == "malformed"


def with_stray_bits(segment: str) -> str:
    """Encode the same bytes with an unused bit of the last character set."""
    assert len(segment.rpartition(".")[2]) % 4 in (2, 3)
    return segment[:-1] + ALPHABET[ALPHABET.index(segment[-1]) + 1]


@pytest.mark.parametrize("part", ["header", "payload"])
@pytest.mark.parametrize(
    "spell", [with_stray_bits, lambda part: part + "=", lambda part: part + "A"]
)
def test_a_signed_part_in_another_encoding(
    verifier: Verifier, issuer: Issuer, part: str, spell: Callable[[str], str]
) -> None:
    def spelled(value: dict[str, Any], length: int) -> str:
        text = json.dumps(value)
        return b64url(text.ljust(len(text) + (length - len(text)) % 3).encode())

    header, payload = spelled(issuer.header(), 1), spelled(issuer.claims(), 1)
    assert verifier.verify(issuer.key.signed(header, payload))
    if part == "header":
        header = spell(header)
    else:
        payload = spell(payload)
    assert reason(verifier, issuer.key.signed(header, payload)) == "malformed"


NOT_OBJECTS = {
    "empty": b"",
    "text": b"hello",
    "array": b'[{"alg":"ES256"}]',
    "string": b'"ES256"',
    "number": b"1",
    "null": b"null",
    "true": b"true",
    "NaN": b"NaN",
    "cut": b'{"alg":"ES256"',
    "two documents": b"{}{}",
    "trailing comma": b'{"a":1,}',
    "single quotes": b"{'a':1}",
    "comment": b"{}//",
    "null character": b"{}\0",
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"alg":"ES256"}'.encode("utf-16"),
    "UTF-16 without mark": '{"alg":"ES256"}'.encode("utf-16-le"),
    "UTF-32": '{"alg":"ES256"}'.encode("utf-32"),
    "latin-1": '{"a":"é"}'.encode("latin-1"),
    "lone surrogate": b'{"a":"\\ud800"}',
    "encoded surrogate": b'{"a":"\xed\xa0\x80"}',
    "overlong UTF-8": b'{"a":"\xc0\xaf"}',
    "control character": b'{"a":"\n"}',
    "a key that is not a string": b"{1:2}",
    "deep arrays": b"[" * 9_900,
    "deep arrays in an object": b'{"a":' + b"[" * 9_000,
    "deep objects": b'{"a":' * 1_900,
}


@pytest.mark.parametrize("part", NOT_OBJECTS.values(), ids=NOT_OBJECTS.keys())
def test_a_signed_part_that_is_not_a_json_object(
    verifier: Verifier, issuer: Issuer, part: bytes
) -> None:
    """With unknown keys, and with known keys, as the signature then comes first."""
    assert reason(verifier, issuer.key.compact(issuer.header(), part)) == "malformed"
    verifier.warm()
    assert reason(verifier, issuer.key.compact(part, issuer.claims())) == "malformed"
    assert reason(verifier, issuer.key.compact(issuer.header(), part)) == "malformed"


@pytest.mark.parametrize("depth", [66, 70, 500, 900, 990, 2_000, 5_000])
def test_claims_nested_too_deeply(verifier: Verifier, issuer: Issuer, depth: int) -> None:
    payload = json.dumps(issuer.claims())[:-1] + ',"deep":' + "[" * depth + "]" * depth + "}"
    token = issuer.key.compact(issuer.header(), payload.encode())
    assert reason(verifier, token) == "malformed"


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_nesting_beyond_any_stack(verifier: Verifier, issuer: Issuer, opening: bytes) -> None:
    deep = opening * 200_000
    assert reason(verifier, issuer.key.compact(issuer.header(), deep)) == "malformed"
    assert reason(verifier, issuer.key.compact(deep, issuer.claims())) == "malformed"


@pytest.mark.parametrize(
    ("opening", "closing"), [(b"[", b"]"), (b'{"":', b"}"), (b'["]]",', b"]"), (b'["\\"]",', b"]")]
)
def test_deep_nesting_on_a_thread_with_a_small_stack(opening: bytes, closing: bytes) -> None:
    """Threads have small stacks on Alpine, and one token must not crash a server."""
    script = """
import base64, threading
from torii_backend import ConfigurationError, InvalidToken, Verifier

def segment(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

def verify():
    for token in (deep + "." + payload + ".AAAA", header + "." + deep + ".AAAA"):
        try:
            verifier.verify(token)
        except InvalidToken as refusal:
            print(refusal.reason)
    try:
        Verifier("https://acme.torii.so", jwks=b'{"keys":' + nested + b"}")
    except ConfigurationError:
        print("malformed")

opening, closing = OPENING, CLOSING
nested = opening * 997 + b"1" + closing * 997
deep = segment(b'{"iss":"https://acme.torii.so","a":' + nested + b"}")
header = segment(b'{"alg":"ES256","kid":"1"}')
payload = segment(b'{"iss":"https://acme.torii.so"}')
verifier = Verifier("https://acme.torii.so")
threading.stack_size(256 * 1024)
thread = threading.Thread(target=verify)
thread.start()
thread.join()
""".replace("OPENING, CLOSING", f"{opening!r}, {closing!r}")
    finished = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=WATCHDOG,
        check=False,
    )
    assert (finished.returncode, finished.stdout) == (0, "malformed\n" * 3)


def token_of_length(issuer: Issuer, length: int) -> str:
    for padding in range(4):
        header = b64url(json.dumps(issuer.header(pad="x" * padding)).encode())
        size = (length - len(header) - 2 - 86) * 3 // 4
        spare = size - len(json.dumps(issuer.claims(pad="")))
        token = issuer.key.signed(
            header, b64url(json.dumps(issuer.claims(pad="x" * spare)).encode())
        )
        if len(token) == length:
            return token
    raise AssertionError


def test_a_token_over_16_kib_is_malformed(verifier: Verifier, issuer: Issuer) -> None:
    assert type(verifier.verify(token_of_length(issuer, LIMIT))) is Auth
    assert type(verifier.verify(token_of_length(issuer, LIMIT).encode())) is Auth
    assert reason(verifier, token_of_length(issuer, LIMIT + 1)) == "malformed"
    assert reason(verifier, token_of_length(issuer, LIMIT + 1).encode()) == "malformed"


@pytest.mark.parametrize("text", ["x", "x.", ".", "é", "\ud800"])
def test_ten_megabytes(verifier: Verifier, text: str) -> None:
    assert reason(verifier, text * (10_000_000 // len(text))) == "malformed"
