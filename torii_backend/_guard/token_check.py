"""A token without its request becomes an Auth, and what a server of MCP asks about it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, cast

from torii_backend._guard.authenticator import Authenticator
from torii_backend._guard.options import GuardOptions, refuse_unknown
from torii_backend._guard.policy import Policy, PolicyOptions
from torii_backend._guard.refusal_log import note_refusal
from torii_backend._guard.request import HeadersRequest
from torii_backend._verify.verifier import Verifier
from torii_backend.auth import Auth
from torii_backend.errors import ConfigurationError, ToriiAuthError
from torii_backend.settings import Audience, InsecureHosts, Issuer, require_bool, resolve_audience

if TYPE_CHECKING:
    from typing_extensions import Unpack


class TokenOptions(PolicyOptions, total=False):
    """The keywords of a `ToriiTokenVerifier`. Those of `PolicyOptions` are among them.

    Attributes:
        issuer: one tenant host URL or several. TORII_ISSUER is read if you leave it out.
        audience: accepted `aud` value or values, such as the address of the server.
        leeway: seconds by which clocks may differ, 30 by default.
        policy: a `Policy` to enforce, besides the one that the policy keywords make.
        fetch_timeout: seconds that a fetch of keys may take, 5 by default.
        insecure_hosts: names of hosts such as torii, which can't be public, that an issuer may have with
            plain http. TORII_INSECURE_HOSTS is read if you leave it out.
        verifier: a Verifier to share, instead of issuer, audience, leeway, fetch_timeout and
            insecure_hosts.
        any_token: True lets every access token of your users pass, whatever it was issued for. False
            by default, so that you have to give an audience or a policy.
    """

    issuer: Issuer
    audience: Audience
    leeway: float
    policy: Policy
    fetch_timeout: Optional[float]
    insecure_hosts: InsecureHosts
    verifier: Optional[Verifier]
    any_token: bool


class TokenCheck:
    """Verifies the tokens of one MCP server.

    Args:
        adapter: the name of the package, for the log of refusals.
        options: the keywords of `TokenOptions`.

    Raises:
        ConfigurationError: a setting is missing or wrong.
        TypeError: a keyword is unknown.
    """

    def __init__(self, adapter: str, **options: Unpack[TokenOptions]) -> None:
        refuse_unknown(options, TokenOptions)
        any_token = require_bool(options.pop("any_token", False), "any_token")
        self._adapter = adapter
        self._authenticator = Authenticator(**cast("GuardOptions", options))
        checked = self._authenticator.__torii_guard__
        shared = checked.verifier
        self._audience = resolve_audience(checked.audience if shared is None else shared._audience)
        if not (self._audience or checked.policy or any_token):
            raise ConfigurationError(
                "audience must be set, such as https://api.example/mcp, or a policy that only tokens for "
                "this server meet, such as claims={'use': 'mcp'}. Pass any_token=True if every access "
                "token of your users may call these tools."
            )

    async def auth_of(self, token: str) -> Optional[Auth]:
        """Return the Auth of a token; None if the token is bad or its user fails the policy, with a log line.

        Raises:
            KeysUnavailable: the issuer's keys can't be fetched. The token may be good.
            RevocationsUnavailable: it is unknown which tokens are revoked.
        """
        request = HeadersRequest({"authorization": f"Bearer {token}"})
        try:
            return await self._authenticator.authenticate_async(request)
        except ToriiAuthError as refusal:
            if refusal.status == 503:
                raise
            # Behind our middleware with the same settings, nothing comes here.
            note_refusal(refusal, 401, self._adapter, "", self._authenticator._verifier)
            return None

    def described(self, auth: Auth, token: str) -> dict[str, Any]:
        """Return the arguments of an `AccessToken`, by which MCP also tells users apart."""
        claims = dict(auth.claims)
        client = next(
            (claims[name] for name in ("client_id", "azp") if _is_text(claims.get(name))),
            auth.environment_id,
        )
        audience = claims.get("aud", ())
        audiences = (audience,) if isinstance(audience, str) else audience
        return {
            "token": token,
            "client_id": client,
            "scopes": _scopes(claims.get("scope", claims.get("scp"))),
            "expires_at": int(claims["exp"]),
            "resource": next((each for each in audiences if each in (self._audience or ())), None),
            "subject": auth.user_id,
            "claims": claims,
        }


def _scopes(claim: object) -> list[str]:
    """Return the scopes of a claim: words in one text (RFC 9068 section 2.2.3), or an array."""
    if isinstance(claim, str):
        return claim.split()
    array = claim if isinstance(claim, (list, tuple)) else ()
    return [each for each in array if _is_text(each)]


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""
