"""A tenant host for the proxy that costs next to nothing: its responses are ready before it is asked.

`python proxy_upstream.py [CERTIFICATE]` prints its port, and stops when its input ends. `/_torii/large`
is 64 MiB, `/_torii/hang` never responds, and `/connections` counts connections, without the one that asks.
"""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Optional

LARGE = 64 * 2**20
_PIECE = bytes(64 * 1024)


@contextmanager
def running_upstream(certificate: Optional[Path] = None) -> Generator[int, None, None]:
    """Run the upstream in another process while the with block lasts; give its port."""
    command = [sys.executable, __file__, *([str(certificate)] if certificate else [])]
    with subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield int(process.stdout.readline())
        process.stdin.close()


def _ready(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
        len(body),
        body,
    )


class _Connection(asyncio.Protocol):
    accepted = 0

    def connection_made(self, transport: asyncio.Transport) -> None:
        _Connection.accepted += 1
        self._transport = transport
        self._received = b""
        self._writable = asyncio.Event()
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            self._respond(head.split(b" ")[1])

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def _respond(self, target: bytes) -> None:
        if target == b"/_torii/large":
            self._sending = asyncio.ensure_future(self._send_large())
        elif target == b"/connections":
            self._transport.write(_ready(b"%d" % (self.accepted - 1)))
        elif target != b"/_torii/hang":
            self._transport.write(_SMALL)

    async def _send_large(self) -> None:
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LARGE)
        for _ in range(LARGE // len(_PIECE)):
            await self._writable.wait()
            self._transport.write(_PIECE)


_SMALL = _ready(b'{"authenticated":true,"user":{"id":"user_ada","email":"ada@acme.test"}}')


async def _serve(certificate: str) -> None:
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    # asyncio sets TCP_NODELAY on what it accepts.
    server = await loop.create_server(_Connection, "127.0.0.1", backlog=256, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1] if len(sys.argv) > 1 else ""))
