"""ToriiTokenVerifier: tells a FastMCP server who sends a token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from fastmcp.server.auth import AccessToken, TokenVerifier
from pydantic import PrivateAttr

from torii_backend._guard.options import shows_options
from torii_backend._guard.token_check import TokenCheck, TokenOptions
from torii_backend.auth import Auth, not_from_requests
from torii_backend.mcp.message import bind_to_message

if TYPE_CHECKING:
    from typing_extensions import Unpack


class ToriiAccessToken(AccessToken):
    """The access token of a message, with the Auth that it carries."""

    _auth: Optional[Auth] = PrivateAttr(default=None)

    @property
    def torii_auth(self) -> Optional[Auth]:
        """The Auth of the token."""
        return self._auth


@not_from_requests("a guard")
class ToriiTokenVerifier(TokenVerifier):
    """Verifies access tokens for the server of the package `fastmcp`.

    Pass it as `auth`, and put `torii_backend.asgi.AuthMiddleware` around the server: without it, an outage
    of the issuer is a 500, and a user who fails a policy gets 401 instead of 403.

    Args:
        options: the keywords of `torii_backend.mcp.TokenOptions`. One of `audience`, a policy and
            `any_token=True` must be among them: a token of your users that was issued for something else
            may not open the server.

    Raises:
        ConfigurationError: a setting is missing or wrong.
        TypeError: a keyword is unknown.
    """

    @shows_options(TokenOptions, any_token=False)
    def __init__(self, **options: Unpack[TokenOptions]) -> None:
        super().__init__()
        self._check = TokenCheck("fastmcp", **options)

    async def verify_token(self, token: str) -> Optional[AccessToken]:
        """Verify a token. The server calls this.

        Args:
            token: the bearer token of a request.

        Returns:
            The access token with subject, claims, scopes and expiry, or None if it is refused. The Auth
            is the `current_auth()` of the request.

        Raises:
            KeysUnavailable: the issuer's keys can't be fetched.
            RevocationsUnavailable: it is unknown which tokens are revoked.
        """
        auth = await self._check.auth_of(token)
        if auth is None:
            return None
        bind_to_message(auth)
        access = ToriiAccessToken(**self._check.described(auth, token))
        access._auth = auth
        return access
