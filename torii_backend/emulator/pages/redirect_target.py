"""The app that the sign-in page leads to: what its forms may do, and the name that shares cookies. Pure."""

from __future__ import annotations

from typing import Optional
from urllib.parse import urlsplit


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
