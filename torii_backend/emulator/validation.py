"""Validate email addresses, origins and URLs. Pure."""

from __future__ import annotations

import re
from typing import Optional
from urllib.parse import urlsplit

_MAX_EMAIL_LENGTH = 254
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
# An address in brackets is a whole host. Older versions of urlsplit drop what is around it (CVE-2025-0938).
_NETLOC = re.compile(r"\[[0-9a-f:.]+\](?::[0-9]*)?|[^\[\]@\\]+", re.IGNORECASE)
_URL = r"[a-z][a-z0-9+.-]*://[!-~]+"
_SCHEMES_WITHOUT_ORIGIN = {"data", "javascript", "vbscript"}
_DEFAULT_PORTS = {"http": 80, "https": 443}


def is_email(text: str) -> bool:
    """Return whether a text looks like an email address."""
    return len(text) <= _MAX_EMAIL_LENGTH and _EMAIL.fullmatch(text) is not None


def is_origin(text: str) -> bool:
    """Return whether a text is an origin without a path. Custom schemes of apps are allowed."""
    return normalize_origin(text) is not None and not re.search(r"[/?#\\]", text.split("://")[1])


def web_origin(url: str) -> Optional[str]:
    """Return the normalized origin of an http or https URL, or None for any other text."""
    origin = normalize_origin(url)
    return origin if origin is not None and origin.split("://")[0] in _DEFAULT_PORTS else None


def normalize_origin(url: str) -> Optional[str]:
    """Return the origin of a URL in lower case and without a default port.

    None if the text is not a URL, has no origin, or contains credentials.
    """
    if re.fullmatch(_URL, url, re.IGNORECASE) is None:
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # an invalid port or an invalid IPv6 address
        return None
    if parts.scheme in _SCHEMES_WITHOUT_ORIGIN or not host:
        return None
    if _NETLOC.fullmatch(parts.netloc) is None:
        return None
    host = f"[{host}]" if ":" in host else host
    if port in {None, _DEFAULT_PORTS.get(parts.scheme)}:
        return f"{parts.scheme}://{host}"
    return f"{parts.scheme}://{host}:{port}"
