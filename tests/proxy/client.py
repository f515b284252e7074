"""Client: a browser on a raw socket, which sends what a test decides and reads to the last byte."""

from __future__ import annotations

import json
import socket
import struct
from types import TracebackType
from typing import Any, NamedTuple, Optional

from tests.support.clock import WATCHDOG


class Response(NamedTuple):
    """One HTTP response.

    Attributes:
        status: the status code.
        fields: names in lower case and values, in order.
        body: without the framing of chunks.
        is_whole: whether it has come to its end, as its own framing says.
        informational: the statuses 1xx that came before it.
    """

    status: int
    fields: list[tuple[bytes, bytes]]
    body: bytes = b""
    is_whole: bool = True
    informational: tuple[int, ...] = ()

    def values(self, name: bytes) -> list[bytes]:
        return [value for known, value in self.fields if known == name.lower()]

    def json(self) -> Any:
        return json.loads(self.body)


class HungUp(Exception):
    """The server closed the connection without a response."""


class Client:
    """One connection to a server on loopback."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), WATCHDOG)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._ahead = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        at: Optional[TracebackType],
    ) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        """Send bytes; what a server doesn't read because it has refused is lost."""
        try:
            self._socket.sendall(data)
        except ConnectionError:
            pass

    def send_end(self) -> None:
        """Tell the server that nothing more comes."""
        self._socket.shutdown(socket.SHUT_WR)

    def read_until(self, mark: bytes) -> bytes:
        """Read up to and with some bytes, which must come."""
        while mark not in self._ahead:
            read = self._read()
            assert read, f"the connection ended before {mark!r}: {self._ahead!r}"
            self._ahead += read
        found, _, self._ahead = self._ahead.partition(mark)
        return found + mark

    def read_response(self, *, to_head: bool = False) -> Response:
        """Read a response.

        Args:
            to_head: whether the request was a HEAD.

        Raises:
            HungUp: there is none.
        """
        informational: list[int] = []
        while True:
            status, fields = self._read_head()
            if status >= 200:
                break
            informational.append(status)
        response = Response(status, fields, informational=tuple(informational))
        if to_head or status in (204, 304):
            return response
        if response.values(b"transfer-encoding") == [b"chunked"]:
            body, is_whole = self._read_chunks()
        elif lengths := response.values(b"content-length"):
            assert len(lengths) == 1
            body = self._read_bytes(int(lengths[0]))
            is_whole = len(body) == int(lengths[0])
        else:
            body, is_whole = self.read_to_end(), True
        return response._replace(body=body, is_whole=is_whole)

    def read_to_end(self) -> bytes:
        """Read until the server closes the connection."""
        while read := self._read():
            self._ahead += read
        found, self._ahead = self._ahead, b""
        return found

    def close(self) -> None:
        self._socket.close()

    def reset(self) -> None:
        """Leave at once, as a browser does whose tab is closed."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def _read(self) -> bytes:
        try:
            return self._socket.recv(65_536)
        except ConnectionError:
            return b""

    def _read_head(self) -> tuple[int, list[tuple[bytes, bytes]]]:
        while b"\r\n\r\n" not in self._ahead:
            read = self._read()
            if not read:
                raise HungUp(self._ahead)
            self._ahead += read
        line, *lines = self.read_until(b"\r\n\r\n").split(b"\r\n")[:-2]
        parts = [each.partition(b":") for each in lines]
        fields = [(name.lower(), value.strip(b" ")) for name, _, value in parts]
        return int(line.split(b" ")[1]), fields

    def _read_bytes(self, count: int) -> bytes:
        while len(self._ahead) < count:
            read = self._read()
            if not read:
                break
            self._ahead += read
        found, self._ahead = self._ahead[:count], self._ahead[count:]
        return found

    def _read_chunks(self) -> tuple[bytes, bool]:
        body = b""
        while True:
            while b"\r\n" not in self._ahead:
                read = self._read()
                if not read:
                    return body, False
                self._ahead += read
            size = int(self.read_until(b"\r\n"), 16)
            chunk = self._read_bytes(size + 2)
            if size == 0:
                return body, chunk == b"\r\n"
            body += chunk[:size]
            if len(chunk) < size + 2:
                return body, False
