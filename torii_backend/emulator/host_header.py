"""The Host header: a web page must not reach the emulator under a name of its own.

A page on https://evil.example can let that name resolve to 127.0.0.1 (DNS rebinding). The browser then
takes the emulator for the page's own server, and lets the page read secret keys and tokens. It still
sends the name in `Host`. The attack needs a public name: IP addresses, single labels such as a
service of Docker Compose, and the domains below are none.
"""

from __future__ import annotations

import re

from werkzeug.exceptions import BadRequest, Forbidden
from werkzeug.wrappers import Request

from torii_backend.settings import is_loopback

_FORM = re.compile(r"(?:\[([0-9a-f:.]+)\]|([0-9a-z._-]+))(?::[0-9]*)?")
# RFC 6761, RFC 6762, RFC 8375 and ICANN's .internal: nobody can register names below these.
_PRIVATE_DOMAINS = (".home.arpa", ".internal", ".local", ".localhost", ".test")


def require_own_host(request: Request, host: str, *, allow_remote: bool) -> None:
    """Raise Forbidden unless the request names this emulator, which serves on `host`."""
    host_header = request.environ.get("HTTP_HOST")
    if host_header is None and request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
        return  # which no browser sends
    # Several headers arrive as one, with commas between them.
    sent = _FORM.fullmatch((host_header or "").lower())
    if sent is None:
        raise BadRequest("The request must have one Host header, such as 127.0.0.1:4100.")
    address, name = sent[1], (sent[2] or "").rstrip(".")
    if address or name == host.lower() or is_loopback(name) or name.endswith(".localhost"):
        allowed = allow_remote or not address or is_loopback(address)
    else:
        allowed = allow_remote and _is_private(name)
    if not allowed:
        raise Forbidden("The Host header must name the emulator, such as 127.0.0.1:4100.")


def _is_private(name: str) -> bool:
    is_ipv4 = name.replace(".", "").isdigit()
    return is_ipv4 or "." not in name or name.endswith(_PRIVATE_DOMAINS)
