"""A REST server that costs next to nothing: its answers are ready before it is asked.

`python loopback.py SECONDS` waits so long before each answer, prints its port, and stops when its
input ends. It speaks no more HTTP/1.1 than is needed here: one request at a time on a connection that
is kept.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

from people import one_user, page_of_users

_COUNTER = "/connections"


class Server(NamedTuple):
    """A running server.

    Attributes:
        port: where it listens on 127.0.0.1.
    """

    port: int

    @property
    def url(self) -> str:
        """Its address, without trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    def connections(self) -> int:
        """Ask how many connections it has accepted, without the one that asks."""
        with urlopen(self.url + _COUNTER, timeout=5) as answer:  # noqa: S310
            return int(answer.read()) - 1


@contextmanager
def running_server(*, pause: float = 0.0) -> Generator[Server, None, None]:
    """Run the server in another process while the with block lasts.

    Args:
        pause: seconds before each answer.
    """
    command = [sys.executable, str(Path(__file__)), str(pause)]
    with subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Server(int(process.stdout.readline()))


class _Connection(asyncio.Protocol):
    """Answers a search with a page of users, other requests with one user."""

    accepted = 0
    pause = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:
        _Connection.accepted += 1
        self._transport = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return
        self._received = b""
        if self.pause:
            asyncio.get_running_loop().call_later(self.pause, self._answer, head)
        else:
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        if head.startswith(b"POST"):
            answer = _PAGE
        elif head.startswith(_COUNTER_LINE):
            answer = _ready(b"%d" % self.accepted)
        else:
            answer = _USER
        self._transport.write(answer)


def _length(head: bytes) -> int:
    if head.startswith(b"GET"):
        return 0
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0] or 0)


def _ready(body: bytes) -> bytes:
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: 5f0c1d\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


_USER = _ready(one_user())
_PAGE = _ready(page_of_users())
_COUNTER_LINE = f"GET {_COUNTER} ".encode()


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    # asyncio sets TCP_NODELAY on what it accepts.
    server = await loop.create_server(_Connection, "127.0.0.1", backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    _Connection.pause = float(sys.argv[1])
    asyncio.run(_serve())
