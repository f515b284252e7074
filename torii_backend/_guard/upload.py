"""The body of a refused WSGI request is read and dropped, so that the client gets the response.

gunicorn closes the connection after a response to a request that it hasn't read whole. The client, or a
proxy such as nginx, is still sending then, and a reset may reach it before our response. Other servers
read the body before they call us, or drop it themselves.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress
from threading import Timer
from typing import Any

# What a client can make us read before its request is refused.
_MOST_BYTES = 1024 * 1024
_MOST_SECONDS = 1.0
_CHUNK_BYTES = 16384


def drop_body(environ: Mapping[str, Any]) -> None:
    """Read and drop the body of a request, if the client sends one without being asked to."""
    # Only a socket can be shut, and a client that stalls would keep the thread otherwise.
    sock = environ.get("gunicorn.socket")
    length = environ.get("CONTENT_LENGTH") or "0"
    has_body = length != "0" or "HTTP_TRANSFER_ENCODING" in environ
    # `Expect` says that the client waits.
    if not isinstance(sock, socket.socket) or not has_body or "HTTP_EXPECT" in environ:
        return
    # Of the plain socket, because a TLS socket's own method would drop its encryption.
    timer = Timer(_MOST_SECONDS, socket.socket.shutdown, (sock, socket.SHUT_RD))
    timer.daemon = True
    timer.start()
    left = min(int(length), _MOST_BYTES) if length.isdecimal() and length != "0" else _MOST_BYTES
    # The server says in many ways that the client is gone. The response goes nowhere then.
    with suppress(Exception):
        while left > 0:
            chunk = environ["wsgi.input"].read(min(_CHUNK_BYTES, left))
            if not chunk:
                break
            left -= len(chunk)
    timer.cancel()
