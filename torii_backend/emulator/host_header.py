"""The Host header: a web page must not reach the emulator under a name of its own.

A page on https://evil.example can let that name resolve to 127.0.0.1 (DNS rebinding). The browser then
takes the emulator for the page's own server, and lets the page read secret keys and tokens. It still
sends the name in `Host`. The attack needs a public name: IP addresses, single labels such as a
service of Docker Compose, and the domains below are none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Optional, Union
from urllib.parse import urlsplit

from werkzeug.exceptions import BadRequest, Forbidden
from werkzeug.wrappers import Request

from torii_backend.errors import ConfigurationError
from torii_backend.settings import is_loopback

# True for every private name and IP address, or the names themselves.
AllowRemote = Union[bool, str, Iterable[str]]

_FORM = re.compile(r"(?:\[([0-9a-f:.]+)\]|([0-9a-z._-]+))(?::[0-9]*)?")
# RFC 6761, RFC 6762, RFC 8375 and ICANN's .internal: nobody can register names below these.
_PRIVATE_DOMAINS = (".home.arpa", ".internal", ".local", ".localhost", ".test")


def require_remote(allow_remote: AllowRemote) -> Union[bool, frozenset[str]]:
    """Return the names in lower case and without a port, or whether all private names are allowed."""
    if isinstance(allow_remote, bool):
        return allow_remote
    names = [allow_remote] if isinstance(allow_remote, str) else allow_remote
    hosts = [_host_of(name) for name in names] if isinstance(names, Iterable) else [None]
    if None in hosts:
        raise ConfigurationError(
            "allow_remote must be True, or a host name that others use, such as torii.example.com, "
            "or several."
        )
    return frozenset(filter(None, hosts)) or False


class OwnHosts:
    """The names under which an emulator is served: what it binds to, its issuer's, and those allowed."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        *,
        issuer: Optional[str] = None,
        allow_remote: Union[bool, Collection[str]] = False,
    ) -> None:
        self._all_private = allow_remote is True
        named = () if isinstance(allow_remote, bool) else allow_remote
        issuer_host = None if issuer is None else urlsplit(issuer).hostname
        self._own = {host.lower(), *named, *filter(None, [issuer_host])}

    def require(self, request: Request) -> None:
        """Raise Forbidden unless the request names this emulator."""
        host_header = request.environ.get("HTTP_HOST")
        if host_header is None and request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
            return  # which no browser sends
        # Several headers arrive as one, with commas between them.
        sent = _FORM.fullmatch((host_header or "").lower())
        if sent is None:
            raise BadRequest("The request must have one Host header, such as 127.0.0.1:4100.")
        if not self._includes(sent[1], (sent[2] or "").rstrip(".")):
            raise Forbidden(
                "The Host header must name the emulator, such as 127.0.0.1:4100. "
                "To serve another name, start it with --allow-remote NAME."
            )

    def _includes(self, address: Optional[str], name: str) -> bool:
        if (address or name) in self._own:
            return True
        if address:
            return self._all_private or is_loopback(address)
        if is_loopback(name) or name.endswith(".localhost"):
            return True
        return self._all_private and _is_private(name)


def _is_private(name: str) -> bool:
    is_ipv4 = name.replace(".", "").isdigit()
    return is_ipv4 or "." not in name or name.endswith(_PRIVATE_DOMAINS)


def _host_of(name: object) -> Optional[str]:
    """Return a host name or an IP address without brackets, or None for anything else."""
    lowered = name.lower() if isinstance(name, str) else ""
    found = _FORM.fullmatch(f"[{lowered}]" if lowered.count(":") > 1 else lowered)
    if found is None or lowered.count(":") == 1:
        return None
    return found[1] or found[2].rstrip(".") or None
