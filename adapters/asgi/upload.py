"""The body of a refused request is read and dropped, so that the client gets the response.

HTTP/1.1 servers close the connection after a response to a request that they haven't read whole. The
client, or a proxy such as nginx, is still sending then, and a reset may reach it before our response.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, Callable

# What a client can make us read before its request is refused.
_MOST_BYTES = 1024 * 1024
_MOST_SECONDS = 1.0


async def drop_body(
    scope: Mapping[str, Any], receive: Callable[[], Awaitable[MutableMapping[str, Any]]]
) -> None:
    """Read and drop the body of a request, if the client sends one without being asked to."""
    headers = {name.lower(): value for name, value in scope["headers"]}
    has_body = headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers
    # Later versions can end one stream without the others. `Expect` says that the client waits.
    if not scope.get("http_version", "1.1").startswith("1") or not has_body or b"expect" in headers:
        return
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(_read(receive), _MOST_SECONDS)


async def _read(receive: Callable[[], Awaitable[MutableMapping[str, Any]]]) -> None:
    left = _MOST_BYTES
    more = True
    while more and left > 0:
        message = await receive()
        left -= len(message.get("body", b""))
        more = message.get("more_body", False)
