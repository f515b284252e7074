"""The keywords of the ASGI middleware, checked."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Optional, Union

from torii_backend._guard.authenticator import Authenticator
from torii_backend._guard.exempt_paths import Exempt, ExemptPaths
from torii_backend._guard.first_message import FirstMessage
from torii_backend._guard.options import GuardOptions, IssuerOf, OptionsBesidesIssuer
from torii_backend.asgi.token_end import TokenEnd
from torii_backend.auth import Auth
from torii_backend.errors import ConfigurationError
from torii_backend.settings import Issuer, require_bool

if TYPE_CHECKING:
    from typing_extensions import Unpack

_PARAMETER = re.compile(r"[A-Za-z0-9._~-]+\Z")
# As browsers send it (RFC 6454 section 6.1).
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@*,]*[^\s/?#@*,:]\Z")
_DEFAULT_PORT = re.compile(r"(?:http://.*:80|https://.*:443)\Z")


class AsgiOptions(GuardOptions, total=False):
    """The keywords of `AuthMiddleware`: those of every guard, and those for WebSockets and streams.

    Attributes:
        query_parameter: a query parameter that may carry the token of a WebSocket, such as
            `access_token`. None by default, because URLs end up in logs.
        query_parameter_paths: paths of HTTP requests for which `query_parameter` counts too, written
            as in `exempt`, such as `/events`. None by default.
        allowed_origins: the origins, such as `https://app.example`, whose pages may open a WebSocket.
            None, the default, allows all: a page without a token can't open one. Clients that send no
            origin aren't browsers, and pass.
        close_on_expiry: whether a WebSocket is closed, with code 3000, and a response that streams is
            ended, when the token expires. False by default.
        close_on_revocation: the same for when the token is revoked. It needs a `verifier` with
            `revocations`. False by default.
        first_message: where a WebSocket that comes without a token has it. `token`: its first message
            is the token. `connection_init`: its first message is that of the GraphQL protocols, with
            `Authorization` in its payload. None, the default: nowhere.
    """

    query_parameter: Optional[str]
    query_parameter_paths: Exempt
    allowed_origins: Optional[Collection[str]]
    close_on_expiry: bool
    close_on_revocation: bool
    first_message: Optional[FirstMessage]


class AsgiSettings:
    """The checked keywords of `AuthMiddleware`, and the Authenticator that they make."""

    def __init__(
        self,
        *,
        issuer: Union[Issuer, IssuerOf] = None,
        required: bool = True,
        query_parameter: Optional[str] = None,
        query_parameter_paths: Exempt = (),
        allowed_origins: Optional[Collection[str]] = None,
        close_on_expiry: bool = False,
        close_on_revocation: bool = False,
        first_message: Optional[FirstMessage] = None,
        **options: Unpack[OptionsBesidesIssuer],
    ) -> None:
        self.authenticator: Authenticator = Authenticator(
            issuer=issuer, required=required, **options
        )
        self.query_parameter: Optional[str] = _require_parameter(query_parameter)
        self.query_parameter_paths: ExemptPaths = _require_paths(
            query_parameter_paths, query_parameter
        )
        self.allowed_origins: Optional[frozenset[str]] = _require_origins(allowed_origins)
        self._on_expiry = require_bool(close_on_expiry, "close_on_expiry")
        self._on_revocation = require_bool(close_on_revocation, "close_on_revocation")
        if close_on_revocation and self.authenticator.revocations is None:
            raise ConfigurationError(
                "close_on_revocation needs a verifier with revocations, such as "
                "verifier=Verifier(revocations=Revocations())."
            )
        self.first_message: Optional[FirstMessage] = _require_first_message(first_message, required)

    def token_end(self, auth: Optional[Auth]) -> Optional[TokenEnd]:
        """Return the end of a token, at which its exchange ends; None if it doesn't end with it."""
        if auth is None or not (self._on_expiry or self._on_revocation):
            return None
        return TokenEnd(
            self.authenticator,
            auth,
            on_expiry=self._on_expiry,
            on_revocation=self._on_revocation,
        )


def _require_parameter(parameter: Optional[str]) -> Optional[str]:
    if parameter is None or (isinstance(parameter, str) and _PARAMETER.match(parameter)):
        return parameter
    raise ConfigurationError(
        "query_parameter must be the name of a query parameter, such as access_token."
    )


def _require_paths(paths: Exempt, parameter: Optional[str]) -> ExemptPaths:
    found = ExemptPaths(paths)
    if found and parameter is None:
        raise ConfigurationError(
            "query_parameter_paths needs a query_parameter, such as query_parameter='access_token'."
        )
    return found


def _require_first_message(kind: Optional[FirstMessage], required: bool) -> Optional[FirstMessage]:
    if kind not in (None, "token", "connection_init"):
        raise ConfigurationError(
            "first_message must be 'token', 'connection_init' or None, such as first_message='token'."
        )
    if kind is not None and not required:
        raise ConfigurationError(
            "first_message needs required=True: without a token, every WebSocket would pass at once."
        )
    return kind


def _require_origins(origins: Optional[Collection[str]]) -> Optional[frozenset[str]]:
    if origins is None:
        return None
    if isinstance(origins, (str, bytes)) or not isinstance(origins, Collection):
        raise ConfigurationError("allowed_origins must be a list, such as ['https://app.example'].")
    if not origins:
        raise ConfigurationError("allowed_origins must not be empty. Leave it out to allow all.")
    allowed = [origin.lower() if isinstance(origin, str) else "" for origin in origins]
    if not all(_ORIGIN.match(origin) and not _DEFAULT_PORT.match(origin) for origin in allowed):
        raise ConfigurationError(
            "allowed_origins must be scheme and host as browsers send them, such as "
            "https://app.example. Leave out the default port and any path."
        )
    return frozenset(allowed)
