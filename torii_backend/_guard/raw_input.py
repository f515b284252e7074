"""Read the body of a WSGI request, also of servers that count wrong."""

from __future__ import annotations

import io
from typing import Any


def read_some(source: Any, size: int) -> bytes:
    """Read at most `size` bytes of `wsgi.input`; raise OSError if its end is missing.

    The development server of werkzeug counts the bytes that a cut chunk lacks, and shrinks the buffer that
    it is given. `RawIOBase.read` of CPython up to 3.13 believes the count, and reads beyond the end of the
    buffer: the process may crash, or take foreign memory for the body. A memoryview can't shrink.
    """
    if not isinstance(source, io.RawIOBase):
        chunk: bytes = source.read(size)
        return chunk
    buffer = memoryview(bytearray(size))
    try:
        count = source.readinto(buffer)
    except ValueError:
        raise OSError("The body was cut.") from None
    return bytes(buffer[:count]) if count else b""
