"""Addresses of mailboxes and of the web, as far as a request can get them wrong. Pure."""

from __future__ import annotations

import re
from typing import Optional
from urllib.parse import urlsplit

_LONGEST_MAILBOX = 254
_MAILBOX = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_ADDRESS = r"[a-z][a-z0-9+.-]*://[!-~]+"
_NO_ORIGINS = {"data", "javascript", "vbscript"}  # schemes whose addresses are what they show
_DEFAULT_PORTS = {"http": 80, "https": 443}


def is_email(text: str) -> bool:
    """Tell whether a text looks like the address of a mailbox."""
    return len(text) <= _LONGEST_MAILBOX and _MAILBOX.fullmatch(text) is not None


def is_origin(text: str) -> bool:
    """Tell whether a text is a whole origin, and nothing more; the scheme may be an app's own."""
    return normalize_origin(text) is not None and not re.search(r"[/?#\\]", text.split("://")[1])


def web_origin(url: str) -> Optional[str]:
    """Give the origin of an http(s) address in its normal form; None where it has none."""
    origin = normalize_origin(url)
    return origin if origin is not None and origin.split("://")[0] in _DEFAULT_PORTS else None


def normalize_origin(url: str) -> Optional[str]:
    """Give the origin of an address in its normal form: lower case, and no default port.

    The scheme may be an app's own. None for an address that has no origin, or a user in it.
    """
    if re.fullmatch(_ADDRESS, url, re.IGNORECASE) is None:
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # a port that is no number, brackets around no IPv6 address
        return None
    if parts.scheme in _NO_ORIGINS or not host or "@" in parts.netloc or "\\" in parts.netloc:
        return None
    host = f"[{host}]" if ":" in host else host
    if port in {None, _DEFAULT_PORTS.get(parts.scheme)}:
        return f"{parts.scheme}://{host}"
    return f"{parts.scheme}://{host}:{port}"
