"""Bodies of WSGI requests, also of a server that counts wrong."""

from __future__ import annotations

import io

import pytest
from werkzeug.serving import DechunkedInput

from torii_backend._guard.raw_input import read_some


def test_a_chunk_is_read_up_to_the_size() -> None:
    body = DechunkedInput(io.BytesIO(b"5\r\nabcde\r\n0\r\n\r\n"))
    assert [read_some(body, 3), read_some(body, 3), read_some(body, 3)] == [b"abc", b"de", b""]
    assert read_some(io.BytesIO(b"abc"), 2) == b"ab"


@pytest.mark.parametrize("sent", [b"5\r\nab", b"ffffffffffffffffff\r\nab", b"10000\r\n"])
def test_a_cut_chunk_is_an_error_and_no_foreign_memory(sent: bytes) -> None:
    with pytest.raises(OSError, match="cut"):
        read_some(DechunkedInput(io.BytesIO(sent)), 65_536)
