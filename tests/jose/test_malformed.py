"""Anything but a compact JWS with two JSON objects is `malformed`."""

# ruff: noqa: RUF005  (cases in rows read better than one a line)

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, Callable

import pytest

from tests.support.clock import WATCHDOG, Clock
from tests.support.issuer import ABSENT, Issuer, SigningKey, b64url, jwks
from tests.support.refusal import reason, refusal
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
import sys, threading
from torii_backend import ConfigurationError, InvalidToken, Verifier

def verify():
    for token in tokens:
        try:
            verifier.verify(token)
        except InvalidToken as refusal:
            print(refusal.reason)
    try:
        Verifier("https://acme.torii.so", jwks='{"keys":' + nested + "}")
    except ConfigurationError:
        print("malformed")

jwks, nested, *tokens = sys.argv[1:]
verifier = Verifier("https://acme.torii.so", jwks=jwks, refresh=False)
threading.stack_size(256 * 1024)
thread = threading.Thread(target=verify)
thread.start()
thread.join()
"""
    nested = opening * 997 + b"1" + closing * 997
    key = SigningKey()
    header, claims = Issuer(key=key).header(), b'{"iss":"https://acme.torii.so"'
    deep = claims + b',"a":' + nested + b"}"
    unknown = SigningKey("unknown").compact({**header, "kid": "unknown"}, deep)
    tokens = [key.compact(deep, claims + b"}"), key.compact(header, deep), unknown]
    finished = subprocess.run(
        [sys.executable, "-c", script, jwks(key).decode(), nested.decode(), *tokens],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=WATCHDOG,
        check=False,
    )
    expected = ["malformed", "malformed", "unknown_key", "malformed"]
    assert (finished.returncode, finished.stdout.split()) == (0, expected)


def big(start: bytes, member: bytes) -> bytes:
    """An object of 11 kB that goes on with the same members."""
    count = (11_000 - len(start)) // (len(member) + 1)
    return start + b"".join([b"," + member] * count) + b"}"


MEMBERS = {
    "flat members": b'"":0',
    "objects": b'"":{}' + b',"":""' * 4,
    "groups of arrays": b'"":' + b"[" * 50 + b"]" * 50 + b',"":"' + b"x" * 500 + b'"',
    "brackets in strings": b'"]":"[' + b"x" * 30 + b'"',
}


@pytest.mark.parametrize("member", MEMBERS.values(), ids=MEMBERS.keys())
def test_a_forged_token_of_16_kib(issuer: Issuer, clock: Clock, member: bytes) -> None:
    """Refused before its objects and arrays are decoded, with the reason that a small one gets."""
    beta = Issuer("https://beta.torii.so", issuer.key)
    for urls in ([issuer.url], [issuer.url, beta.url]):
        verifier = Verifier(urls, fetch=issuer.fetch, clock=clock)
        assert verifier.verify(issuer.token())
        start = json.dumps(issuer.header()).encode()[:-1]
        assert (
            reason(verifier, issuer.key.compact(big(start, member), issuer.claims())) == "malformed"
        )
        start = json.dumps(issuer.claims()).encode()[:-1]
        for kid, expected in (("key-1", "bad_signature"), ("mine", "unknown_key")):
            forged = SigningKey(kid).compact(issuer.header(kid=kid), big(start, member))
            assert reason(verifier, forged) == expected
        start = start.replace(b"acme", b"evil")
        forged = SigningKey("mine").compact(issuer.header(kid="mine"), big(start, member))
        assert reason(verifier, forged) == "wrong_issuer"


@pytest.mark.parametrize("member", MEMBERS.values(), ids=MEMBERS.keys())
def test_claims_of_11_kb_in_the_first_token_of_a_key(
    issuer: Issuer, clock: Clock, member: bytes
) -> None:
    """Of several issuers, the token's own is found among the objects, also if these name others."""
    beta = Issuer("https://beta.torii.so", SigningKey("key-2"))

    def fetch(url: str, timeout: float) -> tuple[bytes, Mapping[str, str]]:
        return (issuer if url.startswith(issuer.url) else beta).fetch(url, timeout)

    for first in ({"iss": beta.url}, {"iss": "https://elsewhere.example"}, {"iss": 1}, {}):
        verifier = Verifier([issuer.url, beta.url], fetch=fetch, clock=clock)
        start = json.dumps({"act": first, **issuer.claims()}).encode()[:-1]
        token = issuer.key.compact(issuer.header(), big(start, member))
        assert verifier.verify(token).issuer == issuer.url
    anonymous = json.dumps(issuer.claims(iss=ABSENT)).encode()[:-1]
    forged = beta.key.compact(beta.header(kid="mine"), big(anonymous, member))
    assert refusal(verifier, forged) == ("missing_claim", "iss")


def test_a_header_of_at_most_4_kib(verifier: Verifier, issuer: Issuer) -> None:
    def token(certificates: int) -> str:
        header = issuer.header(jwk=issuer.key.jwk(), x5c=["A" * 1200] * certificates)
        return issuer.key.compact(header, issuer.claims())

    assert verifier.verify(token(2))
    assert reason(verifier, token(3)) == "malformed"


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
