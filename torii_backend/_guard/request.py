"""IncomingRequest: what a guard asks of a request, alike for every framework. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Optional

from torii_backend._guard.bearer import Headers, header_values, schemed
from torii_backend._guard.raw_path import (
    environ_paths,
    full_environ_paths,
    full_scope_paths,
    is_declared,
    scope_paths,
)
from torii_backend.auth import not_from_requests
from torii_backend.settings import HTTP_TOKEN


@not_from_requests()
class IncomingRequest:
    """A request on its way to a guard; given to functions that choose an issuer.

    Attributes:
        method: the HTTP method in capitals; empty if the guard was given headers alone.
    """

    # Empty, so that a string may be a request as well: see RequestPath.
    __slots__ = ()

    method: str
    _needs_no_token: bool

    @property
    def needs_no_token(self) -> bool:
        """Whether a guard let it pass without looking for a token: an exempt path or a preflight."""
        return getattr(self, "_needs_no_token", False)

    def pass_without_token(self) -> None:
        """Note that no token is needed."""
        object.__setattr__(self, "_needs_no_token", True)

    def getlist(self, name: str) -> list[str]:
        """List the values of a header.

        Args:
            name: the header's name in lower case.
        """
        raise NotImplementedError

    def paths(self) -> Optional[tuple[str, str]]:
        """Return the path as it was sent and as decoded, below the mount point, if known."""
        raise NotImplementedError

    def full_paths(self) -> tuple[str, str]:
        """Return the path as it was sent and as decoded, with the mount point. Only if it is known."""
        raise NotImplementedError

    def is_mounted_at(self, root_path: str) -> bool:
        """Return whether the application chose the mount point: there is none, or it is `root_path`.

        Servers may take any other from a header, so a client may choose it.
        """
        raise NotImplementedError

    def credentials(self, header: str, scheme: Optional[str] = "bearer") -> list[str]:
        """List what may be credentials: the values of the header that carries the token.

        Args:
            header: the header's name in lower case.
            scheme: None if the header carries the token alone. `Bearer` is put before it then.
        """
        values = self.getlist(header)
        return values if scheme else schemed(values, scheme)

    @property
    def path(self) -> str:
        """The decoded path below the mount point; empty if it is unknown.

        Some servers let the client choose the mount point (see `root_path` of `GuardOptions`).
        """
        paths = self.paths()
        return "" if paths is None else paths[1]

    @property
    def host(self) -> str:
        """The host that the client asked for, in lower case and without port; empty if not sent.

        The client chooses it: look it up among those you know, and build no issuer from it.
        """
        values = self.getlist("host")
        host = values[0].strip().lower() if len(values) == 1 else ""
        name, _, port = host.rpartition(":")
        return name if port.isdigit() else host

    @property
    def remote_address(self) -> str:
        """The IP address of the peer, which is your reverse proxy if there is one; empty if unknown."""
        return ""

    def is_preflight(self) -> bool:
        """Return whether this asks for permission to send another request (the Fetch standard)."""
        if self.method != "OPTIONS":
            return False
        methods = self.getlist("access-control-request-method")
        return len(methods) == 1 and HTTP_TOKEN.match(methods[0]) is not None


class WSGIRequest(IncomingRequest):
    """A WSGI request.

    Args:
        environ: the WSGI environ (PEP 3333).
    """

    __slots__ = ("_needs_no_token", "environ", "method")

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self.environ: Mapping[str, Any] = environ
        self.method: str = environ.get("REQUEST_METHOD", "")

    @property
    def remote_address(self) -> str:
        """The IP address of the peer (RFC 3875 section 4.1.8); empty if unknown."""
        return str(self.environ.get("REMOTE_ADDR") or "")

    def getlist(self, name: str) -> list[str]:
        """List the values of a header: one at most, as servers join those that come twice."""
        value = self.environ.get(_environ_key(name))
        return [] if value is None else [value]

    def paths(self) -> Optional[tuple[str, str]]:
        """Return the path as it was sent and as decoded, below the mount point."""
        return environ_paths(self.environ)

    def full_paths(self) -> tuple[str, str]:
        """Return the path as it was sent and as decoded, with the mount point."""
        return full_environ_paths(self.environ)

    def is_mounted_at(self, root_path: str) -> bool:
        """Return whether the application chose the mount point (`SCRIPT_NAME`)."""
        return self.environ.get("SCRIPT_NAME", "") in ("", root_path)


class ASGIRequest(IncomingRequest):
    """An ASGI request or WebSocket.

    Args:
        scope: the ASGI scope.
    """

    __slots__ = ("_needs_no_token", "method", "scope")

    def __init__(self, scope: Mapping[str, Any]) -> None:
        self.scope: Mapping[str, Any] = scope
        self.method: str = scope.get("method", "GET")  # a WebSocket begins as a GET

    @property
    def remote_address(self) -> str:
        """The IP address of the peer; empty if unknown."""
        client = self.scope.get("client")
        return str(client[0]) if client else ""

    def getlist(self, name: str) -> list[str]:
        """List the values of a header."""
        wanted, length = name.encode("latin-1"), len(name)
        return [
            value.decode("latin-1")
            for key, value in self.scope["headers"]
            if len(key) == length and key.lower() == wanted
        ]

    def paths(self) -> Optional[tuple[str, str]]:
        """Return the path as it was sent and as decoded, below the mount point."""
        return scope_paths(self.scope)

    def full_paths(self) -> tuple[str, str]:
        """Return the path as it was sent and as decoded, with the mount point."""
        return full_scope_paths(self.scope)

    def is_mounted_at(self, root_path: str) -> bool:
        """Return whether the application chose the mount point (`root_path`)."""
        return is_declared(self.scope, root_path)


class HeadersRequest(IncomingRequest):
    """A request of which only the headers are known.

    Args:
        headers: any mapping or pairs, see `bearer_token`.
    """

    __slots__ = ("_needs_no_token", "headers", "method")

    def __init__(self, headers: Optional[Headers], method: str = "") -> None:
        self.headers: Optional[Headers] = headers
        self.method: str = method

    def getlist(self, name: str) -> list[str]:
        """List the values of a header."""
        return header_values(self.headers, name)

    def paths(self) -> Optional[tuple[str, str]]:
        """Return None: no path is known."""
        return None


@lru_cache(maxsize=64)
def _environ_key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
