"""Request and Response: what goes into a guarded application and what comes out."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, Optional
from urllib.parse import unquote, unquote_to_bytes

Headers = tuple[tuple[str, str], ...]


class Request(NamedTuple):
    """One HTTP request.

    Attributes:
        target: the path as it is sent, percent-encoded, with the query if there is one.
        headers: names and values, in order; a name may come twice.
        method: the HTTP method.
        shows_target: whether the server tells the application the path as it was sent.
        host: the Host header.
    """

    target: str = "/me"
    headers: Headers = ()
    method: str = "GET"
    shows_target: bool = True
    host: str = "testserver"

    @property
    def raw_path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    @property
    def path(self) -> str:
        """The path in Unicode, as ASGI has it."""
        return unquote(self.raw_path)

    @property
    def path_info(self) -> str:
        """The path in bytes disguised as Latin-1, as WSGI has it (PEP 3333)."""
        return unquote_to_bytes(self.raw_path).decode("latin-1")


class Response(NamedTuple):
    """One HTTP response, read to its end.

    Attributes:
        status: the status code; 500 where the application raised and the server has to answer.
        headers: names in lower case, and values.
        body: all chunks together.
        chunks: the body as it was sent.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    chunks: tuple[bytes, ...] = ()

    def header(self, name: str) -> Optional[str]:
        """Give the one value of a header, or None."""
        values = [value for known, value in self.headers if known == name.lower()]
        assert len(values) <= 1, f"{name} is sent {len(values)} times"
        return values[0] if values else None

    def json(self) -> Any:
        return json.loads(self.body)


def bearer(token: str, target: str = "/me", *, method: str = "GET") -> Request:
    """Make a request that carries a token."""
    return authorization(f"Bearer {token}", target=target, method=method)


def authorization(*values: str, target: str = "/me", method: str = "GET") -> Request:
    """Make a request with these Authorization headers."""
    return Request(target, tuple(("Authorization", value) for value in values), method)
