"""Authenticator: the headers of a request become an Auth, or a refusal; what every adapter stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from torii_backend.auth import Auth
from torii_backend.bearer import Headers, bearer_token
from torii_backend.challenge import Challenge, challenge
from torii_backend.errors import MissingCredentials, ToriiAuthError
from torii_backend.exempt import ExemptPaths
from torii_backend.options import AuthOptions, check_options
from torii_backend.settings import Audience, Issuer, checked_header
from torii_backend.shared import shared_verifier
from torii_backend.verifier import DEFAULT_LEEWAY

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Authenticator:
    """Authenticates requests the way one guard is configured.

    Args:
        options: see `AuthOptions`.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """

    def __init__(self, **options: Unpack[AuthOptions]) -> None:
        check_options(options)
        self._verifier = options.get("verifier") or shared_verifier(
            options.get("issuer"), options.get("audience"), options.get("leeway", DEFAULT_LEEWAY)
        )
        self._required = options.get("required", True)
        self._header = checked_header(options.get("header", "authorization"))
        self._exempt = ExemptPaths(options.get("exempt", ()))
        self._on_error = options.get("on_error")

    def authenticate(
        self, headers: Headers, *, paths: Optional[tuple[str, str]] = None
    ) -> Optional[Auth]:
        """Verify the bearer token of a request.

        Args:
            headers: any mapping or pairs, see `bearer_token`.
            paths: the request's path as sent and as decoded, where exempt paths are to count.

        Returns:
            The Auth; None for an exempt path, and where there are no bearer credentials and none
            are required.

        Raises:
            ToriiAuthError: the request may not pass.
        """
        token = self._token(headers, paths)
        return None if token is None else self._verifier.verify(token)

    async def authenticate_async(
        self, headers: Headers, *, paths: Optional[tuple[str, str]] = None
    ) -> Optional[Auth]:
        """Do as `authenticate`, but wait without blocking the event loop."""
        token = self._token(headers, paths)
        return None if token is None else await self._verifier.verify_async(token)

    def challenge(self, refusal: ToriiAuthError) -> Challenge:
        """Return the answer to a refusal: what `on_error` makes of it, else the standard one."""
        custom = None if self._on_error is None else self._on_error(refusal)
        return challenge(refusal) if custom is None else custom

    def _token(self, headers: Headers, paths: Optional[tuple[str, str]]) -> Optional[str]:
        if paths is not None and self._exempt.matches(*paths):
            return None
        try:
            return bearer_token(headers, self._header)
        except MissingCredentials:
            if self._required:
                raise
            return None


def authenticate_request(
    headers: Headers,
    *,
    issuer: Issuer = None,
    audience: Audience = None,
    leeway: float = DEFAULT_LEEWAY,
    header: str = "authorization",
) -> Auth:
    """Verify the bearer token of a request, from its headers.

    Args:
        headers: a mapping or an iterable of pairs; names in any case, as str or bytes, also a WSGI
            environ or Django's META; values as str, bytes or a list of these.
        issuer: one tenant host URL or several; None reads TORII_ISSUER.
        audience: accepted `aud` value or values; None skips the audience check.
        leeway: seconds by which clocks may differ, 30 by default.
        header: the header that carries `Bearer <token>`.

    Returns:
        The Auth that the token carries.

    Raises:
        MissingCredentials: the request has no bearer token.
        InvalidRequest: it has several, or a malformed one.
        InvalidToken: the token is refused; `reason` says by which check.
        KeysUnavailable: the issuer's keys could not be fetched.
        ConfigurationError: a setting is missing or wrong.
        TypeError: `headers` is neither a mapping nor pairs.
    """
    verifier = shared_verifier(issuer, audience, leeway)
    return verifier.verify(bearer_token(headers, checked_header(header)))


async def authenticate_request_async(
    headers: Headers,
    *,
    issuer: Issuer = None,
    audience: Audience = None,
    leeway: float = DEFAULT_LEEWAY,
    header: str = "authorization",
) -> Auth:
    """Do as `authenticate_request`, but wait without blocking the event loop."""
    verifier = shared_verifier(issuer, audience, leeway)
    return await verifier.verify_async(bearer_token(headers, checked_header(header)))
