"""Where the sign-in page may send a browser: to apps on this machine, and to allowed origins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Optional
from urllib.parse import urlsplit

from torii_backend.emulator.validation import normalize_origin, web_origin
from torii_backend.settings import is_loopback


def redirect_origin(url: str, allowed_origins: Iterable[str]) -> Optional[str]:
    """Return the origin of a URL, or None if a browser must not be sent there."""
    origin = normalize_origin(url)
    if origin is None:
        return None
    if web_origin(url) is not None and is_loopback(urlsplit(origin).hostname):
        return origin
    return origin if origin in {normalize_origin(other) for other in allowed_origins} else None


def form_target(origin: str) -> str:
    """Return the source expression of an origin for `form-action` (CSP Level 3, section 2.3.1)."""
    scheme, _, host = origin.partition("://")
    # The grammar of CSP has no IPv6 addresses, and browsers skip what they can't parse.
    return f"{scheme}:" if host.startswith("[") else origin


def shared_host(url: str, host: str) -> Optional[str]:
    """Return the name by which the sign-in page and an app share cookies, if it isn't `host` yet.

    Cookies belong to a name, not to an address: a browser doesn't send one of 127.0.0.1 to
    localhost. Both are this machine, so the page moves to the name that the app uses.
    """
    wanted = urlsplit(url).hostname
    both = {"localhost", "127.0.0.1"}
    return wanted if wanted != host and {wanted, host} == both else None
