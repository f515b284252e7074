"""Strict base64url: each byte string has one encoding, and no other one decodes."""

# ruff: noqa: RUF005  (cases in rows read better than one a line)

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.fuzzing import fuzz
from tests.support.issuer import b64url
from torii_backend._jose import base64url


@pytest.mark.parametrize(
    ("segment", "data"),
    [(b"", b""), (b"AA", b"\0"), (b"Zg", b"f"), (b"Zm8", b"fo"), (b"Zm9v", b"foo")]
    + [(b"-_-_", b"\xfb\xff\xbf"), (b"_w", b"\xff"), (b"__8", b"\xff\xff")],
)
def test_canonical_encodings(segment: bytes, data: bytes) -> None:
    assert base64url.decode(segment) == data


@pytest.mark.parametrize(
    "segment",
    [b"Zg==", b"Zm8=", b"Zm9v=", b"=", b"==", b"====", b"Z===", b"Zm9=v"]
    + [b"Z", b"Zm9vY", b"A"]
    + [b"Zh", b"Zm9", b"AB", b"AAB", b"_x", b"__9"]
    + [b"+A", b"/w", b"+/+/", b"Zm9v*", b"Zm9*", b"Zm.v", b"Zm9\xff", b"\xff\xff\xff\xff"]
    + [b"Zm9v\n", b"Zm9v ", b" Zm9v", b"Zm 9v", b"Zm\n9v\n", b"\nZg", b"Zm9\0", b"Zm9v\r\n"]
    + [b"Zm9\\/", b"\\/\\/", b"\\u0041" * 4, b'Zm9v"', b'""""', b"****"],
)
def test_every_other_encoding_is_an_error(segment: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        base64url.decode(segment)


@fuzz
@given(st.binary(max_size=200))
def test_decoding_reverses_encoding(data: bytes) -> None:
    assert base64url.decode(b64url(data).encode()) == data


@fuzz
@given(st.binary(max_size=12) | st.text("ABCghwxyz0189-_+/=\n ", max_size=12).map(str.encode))
def test_each_byte_string_has_one_encoding(segment: bytes) -> None:
    try:
        data = base64url.decode(segment)
    except ValueError:
        return
    assert urlsafe_b64encode(data).rstrip(b"=") == segment


@fuzz
@given(st.binary(max_size=12) | st.text("ABCghwxyz0189-_+/=\n ", max_size=12).map(str.encode))
@example(b"")
@example(b"AQ")
@example(b"AB")
@example(b"A")
def test_what_is_canonical_is_what_can_be_decoded(segment: bytes) -> None:
    try:
        base64url.decode(segment)
    except ValueError:
        assert not base64url.is_canonical(segment)
    else:
        assert base64url.is_canonical(segment)


@pytest.mark.parametrize("last", [bytes([code]) for code in range(256)])
def test_the_last_character_has_one_choice_in_sixteen_or_four(last: bytes) -> None:
    for head, spellings in ((b"A", b"AQgw"), (b"AA", b"AEIMQUYcgkosw048")):
        if last in [spellings[i : i + 1] for i in range(len(spellings))]:
            assert b64url(base64url.decode(head + last)).encode() == head + last
        else:
            with pytest.raises(ValueError, match=r"."):
                base64url.decode(head + last)
