"""Upstream: a tenant host on raw sockets. It records what comes, byte for byte, and sends what a test decides."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from select import select
from ssl import SSLContext
from typing import Callable, Optional, Union

from tests.support.clock import WATCHDOG

_END = b"\r\n\r\n"


def reply(body: bytes = b"{}", *fields: bytes, status: bytes = b"200 OK") -> bytes:
    """Make a response with a Content-Length, and a Content-Type unless there is one."""
    if not any(field.startswith(b"Content-Type:") for field in fields):
        fields = (b"Content-Type: application/json", *fields)
    length = b"Content-Length: %d" % len(body)
    return b"\r\n".join([b"HTTP/1.1 " + status, *fields, length, b"", body])


def chunked(*chunks: bytes) -> bytes:
    """Frame a body, without its end (RFC 9112 section 7.1)."""
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)


class Exchange:
    """One request on a connection, and the way to answer it.

    Attributes:
        head: the request line and the headers as they came.
        body: the body as it came, with the framing of its chunks.
        is_whole: whether the body has come to its end.
        connection: the number of its connection, from 1 on.
    """

    def __init__(self, upstream: Upstream, connection: _Connection, head: bytes) -> None:
        self.head = head
        self.body = b""
        self.is_whole = False
        self.connection = connection.number
        self._upstream = upstream
        self._connection = connection

    @property
    def line(self) -> bytes:
        return self.head.partition(b"\r\n")[0]

    @property
    def method(self) -> bytes:
        return self.line.split(b" ")[0]

    @property
    def target(self) -> bytes:
        return self.line.split(b" ")[1]

    @property
    def fields(self) -> list[tuple[bytes, bytes]]:
        """Names in lower case and values, in order."""
        lines = self.head.split(b"\r\n")[1:-2]
        return [
            (name.lower(), value.strip(b" "))
            for name, _, value in (line.partition(b":") for line in lines)
        ]

    @property
    def names(self) -> list[bytes]:
        return [name for name, _ in self.fields]

    def values(self, name: bytes) -> list[bytes]:
        return [value for known, value in self.fields if known == name.lower()]

    @property
    def content(self) -> bytes:
        """The body without framing."""
        if b"chunked" not in self.values(b"transfer-encoding"):
            return self.body
        found, rest = b"", self.body
        while rest:
            line, _, rest = rest.partition(b"\r\n")
            size = int(line, 16)
            found, rest = found + rest[:size], rest[size + 2 :]
        return found

    def read_body(self) -> bool:
        """Read the body to its end; return False if the connection ends before it."""
        if b"chunked" in self.values(b"transfer-encoding"):
            while not self.body.endswith(b"0\r\n\r\n") and self.read_some():
                pass
            self.is_whole = self.body.endswith(b"0\r\n\r\n")
        else:
            (length,) = map(int, self.values(b"content-length") or [b"0"])
            while len(self.body) < length and self.read_some():
                pass
            self.is_whole = len(self.body) == length
        self._upstream.notify()
        return self.is_whole

    def read_some(self) -> bytes:
        """Read what comes next of the body; nothing at the end of the connection."""
        read = self._connection.read()
        self.body += read
        self._upstream.notify()
        return read

    def send(self, data: bytes) -> None:
        self._connection.socket.sendall(data)

    def send_until_it_stalls(self, piece: bytes, most: int) -> int:
        """Send pieces until nobody takes them for a while; return how many bytes were taken."""
        sock = self._connection.socket
        sock.setblocking(False)
        sent = 0
        while sent < most and select([], [sock], [], 0.5)[1]:
            try:
                sent += sock.send(piece)
            except BlockingIOError:
                pass
        sock.settimeout(WATCHDOG)
        return sent

    def close(self) -> None:
        self._connection.close()

    def wait_until_left(self) -> None:
        """Wait until the other side has closed the connection."""
        try:
            while self._connection.read():
                pass
        except ConnectionError:
            pass  # a reset is an end, too


Script = Callable[[Exchange], None]
Step = Union[Script, bytes]


def _scripted(step: Step) -> Script:
    if callable(step):
        return step

    def send(exchange: Exchange) -> None:
        if exchange.read_body():
            to_head = exchange.method == b"HEAD"
            exchange.send(step.partition(_END)[0] + _END if to_head else step)

    return send


class Upstream:
    """A server on loopback; each connection has a thread.

    Attributes:
        port: where it listens.
        requests: all that came, in order.
        accepted: how many connections there have been.
    """

    def __init__(self, *, tls: Optional[SSLContext] = None) -> None:
        self.requests: list[Exchange] = []
        self.accepted = 0
        self._tls = tls
        self._changed = threading.Condition()
        self._open: set[_Connection] = set()
        self._threads: list[threading.Thread] = []
        self._steps: list[Script] = []
        self.script(reply())
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    @property
    def host(self) -> bytes:
        return b"127.0.0.1:%d" % self.port

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def open(self) -> int:
        """How many connections are open."""
        return len(self._open)

    def script(self, *steps: Step) -> None:
        """Say what to do with requests, one after the other; the last step is for all that follow."""
        self._steps = [_scripted(step) for step in steps]

    def wait_for(self, what: Callable[[], bool]) -> None:
        """Wait until something is true of this upstream."""
        with self._changed:
            assert self._changed.wait_for(what, WATCHDOG)

    def wait_for_requests(self, count: int) -> None:
        self.wait_for(lambda: len(self.requests) >= count)

    @property
    def only(self) -> Exchange:
        """The one request there has been."""
        (request,) = self.requests
        return request

    def notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        for connection in [*self._open]:
            connection.hang_up()
        for thread in self._threads:
            thread.join(WATCHDOG)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            connection = _Connection(accepted, self.accepted)
            with self._changed:
                self._open.add(connection)
                self._changed.notify_all()
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: _Connection) -> None:
        try:
            if self._tls is not None:
                connection.socket = self._tls.wrap_socket(connection.socket, server_side=True)
            while not connection.is_closed:
                head = connection.read_head()
                if not head:
                    break
                exchange = Exchange(self, connection, head)
                with self._changed:
                    self.requests.append(exchange)
                    script = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
                    self._changed.notify_all()
                script(exchange)
        except OSError:
            pass  # the other side has left
        finally:
            connection.close()
            with self._changed:
                self._open.discard(connection)
                self._changed.notify_all()


class _Connection:
    def __init__(self, accepted: socket.socket, number: int) -> None:
        accepted.settimeout(WATCHDOG)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = accepted
        self.number = number
        self.is_closed = False
        self._ahead = b""

    def read(self) -> bytes:
        """Return what comes next; nothing at the end."""
        if self._ahead:
            read, self._ahead = self._ahead, b""
            return read
        return self.socket.recv(65_536)

    def read_head(self) -> bytes:
        """Return the next request line and its headers; nothing at the end."""
        received = b""
        while _END not in received:
            read = self.read()
            if not read:
                return b""
            received += read
        head, end, self._ahead = received.partition(_END)
        return head + end

    def hang_up(self) -> None:
        """End a connection that its thread reads from."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self) -> None:
        self.is_closed = True
        self.hang_up()
        self.socket.close()


@contextmanager
def running_upstream(*, tls: Optional[SSLContext] = None) -> Iterator[Upstream]:
    """Give an Upstream that ends with the block."""
    upstream = Upstream(tls=tls)
    try:
        yield upstream
    finally:
        upstream.stop()
