"""The keywords of the ASGI middleware, checked. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Optional, cast

from torii_backend._guard.options import GuardOptions
from torii_backend.errors import ConfigurationError

_PARAMETER = re.compile(r"[A-Za-z0-9._~-]+\Z")
# As browsers send it (RFC 6454 section 6.1).
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@*,]*[^\s/?#@*,:]\Z")
_DEFAULT_PORT = re.compile(r"(?:http://.*:80|https://.*:443)\Z")


class AsgiOptions(GuardOptions, total=False):
    """The keywords of `AuthMiddleware`: those of every adapter, and some for WebSockets.

    Attributes:
        query_parameter: a query parameter that may carry the token of a WebSocket, such as
            `access_token`; None by default, as addresses end up in logs.
        allowed_origins: the origins, such as `https://app.example`, whose pages may open a WebSocket;
            None, the default, allows all: a page without a token gets nowhere. Clients that send no
            origin are no browsers, and pass.
        close_on_expiry: whether a WebSocket is closed, with code 3000, when its token expires; False
            by default.
    """

    query_parameter: Optional[str]
    allowed_origins: Optional[Collection[str]]
    close_on_expiry: bool


def auth_options(options: AsgiOptions) -> GuardOptions:
    """Return those options that every adapter takes."""
    own = AsgiOptions.__annotations__.keys() - GuardOptions.__annotations__.keys()
    return cast("GuardOptions", {name: value for name, value in options.items() if name not in own})


def checked_parameter(parameter: Optional[str]) -> Optional[str]:
    """Check the name of the query parameter that may carry a token.

    Raises:
        ConfigurationError: it is no such name.
    """
    if parameter is None or (isinstance(parameter, str) and _PARAMETER.match(parameter)):
        return parameter
    raise ConfigurationError(
        "query_parameter must be the name of a query parameter, such as access_token."
    )


def checked_origins(origins: Optional[Collection[str]]) -> Optional[frozenset[str]]:
    """Check the origins that may open a WebSocket; returns them in lower case.

    Raises:
        ConfigurationError: there is none among them, or one is no origin.
    """
    if origins is None:
        return None
    if isinstance(origins, (str, bytes)) or not isinstance(origins, Collection):
        raise ConfigurationError("allowed_origins must be a list, such as ['https://app.example'].")
    if not origins:
        raise ConfigurationError("allowed_origins must not be empty: leave it out to allow all.")
    allowed = [origin.lower() if isinstance(origin, str) else "" for origin in origins]
    if not all(_ORIGIN.match(origin) and not _DEFAULT_PORT.match(origin) for origin in allowed):
        raise ConfigurationError(
            "each of allowed_origins must be as browsers send it: scheme and host, a port only if it "
            "is not the usual one, and no path, such as https://app.example."
        )
    return frozenset(allowed)
