"""Plain http: what loopback is called, and which names beyond it may be listed.

State: the hosts that a warning was logged for. They are listed in settings, so there are few of them.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

# What one port of this machine may be called by whoever starts an emulator there, and by its guards.
_LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
# It begins with a letter: a number is an IPv4 address in another notation. Two letters, or a name in IDNA,
# may be the domain of a country, and some of these have addresses themselves, as `ai` had.
_SINGLE_LABEL = re.compile(r"(?![a-z]{2}\Z|xn--)[a-z](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
# Nobody can register a name below these: RFC 6761, RFC 8375, and ICANN's resolution of 2024-07-29.
_RESERVED = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+(?:test|localhost|internal|home\.arpa)\Z"
)
_MAX_NAME = 253
_warned_of: set[str] = set()


def names_of_issuer(issuer: str) -> tuple[str, ...]:
    """Return an issuer in normal form, and its other names if it is on loopback with plain http."""
    parts = urlsplit(issuer)
    host, colon, port = parts.netloc, "", ""
    if parts.port is not None:
        host, colon, port = parts.netloc.rpartition(":")
    if parts.scheme != "http" or host not in _LOOPBACK_HOSTS:
        return (issuer,)
    others = [other + colon + port for other in _LOOPBACK_HOSTS if other != host]
    return (issuer, *(urlunsplit(parts._replace(netloc=netloc)) for netloc in others))


def is_private_name(host: str) -> bool:
    """Return whether a host name, in lower case, is one that can't be public."""
    if len(host) > _MAX_NAME:
        return False
    return bool(_SINGLE_LABEL.match(host) or _RESERVED.match(host))


def why_refused(name: str, host: str) -> str:
    """Return why a setting with a URL of plain http is refused, with the remedy if there is one."""
    if is_private_name(host):
        return (
            f"{name} must use https, such as https://acme.torii.so. For a local Torii under a private "
            "name such as torii, list that name in insecure_hosts= or TORII_INSECURE_HOSTS."
        )
    return f"{name} must use https; plain http is for loopback addresses only."


def warn_once(host: str) -> None:
    """Log that a host is asked without TLS, once in a process."""
    if host not in _warned_of:
        _warned_of.add(host)
        # Only such hosts pay for the import.
        import logging

        logging.getLogger("torii_backend.settings").warning(
            "%s is asked over plain http, because it is listed as an insecure host. Anybody on the "
            "network can read and change what is sent. Use this for a local Torii only.",
            host,
        )
