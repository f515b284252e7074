"""Every exception of the package; each auth error knows the HTTP status it is answered with.

ToriiError
  ConfigurationError          wrong or missing settings (also a ValueError)
  ToriiAuthError              what verifying and every guard raise
    MissingCredentials 401
    InvalidRequest     400
    InvalidToken       401    `reason` tells which check refused the token
    PermissionDenied   403
    KeysUnavailable    503    the issuer's keys could not be fetched: not the caller's fault
"""

from __future__ import annotations

from typing import Any, Literal, Optional

InvalidTokenReason = Literal[
    "malformed",
    "unsupported_algorithm",
    "unknown_key",
    "bad_signature",
    "expired",
    "not_yet_valid",
    "wrong_issuer",
    "wrong_audience",
    "missing_claim",
    "invalid_claim",
]

SENTENCES: dict[str, str] = {
    "malformed": "The access token is not a well-formed JWT.",
    "unsupported_algorithm": "The access token is not signed with ES256.",
    "unknown_key": "The access token was signed with a key that the issuer does not publish.",
    "bad_signature": "The signature of the access token does not verify.",
    "expired": "The access token has expired.",
    "not_yet_valid": "The access token is not valid yet.",
    "wrong_issuer": "The access token comes from another issuer.",
    "wrong_audience": "The access token is meant for another audience.",
    "missing_claim": "The access token lacks a required claim.",
    "invalid_claim": "The access token has a claim of the wrong type or value.",
}


class ToriiError(Exception):
    """Base of every exception that torii_backend raises on purpose."""


class ConfigurationError(ToriiError, ValueError):
    """A setting is missing or wrong; raised when the object that needs it is made."""


class ToriiAuthError(ToriiError):
    """A request may not pass.

    Attributes:
        status: the HTTP status that answers the request.
        reason: a stable machine-readable word for what was wrong.
    """

    status: int = 401
    reason: str = "authentication_failed"


class MissingCredentials(ToriiAuthError):
    """The request carries no bearer token: no credentials at all, or those of another scheme."""

    status = 401
    reason = "missing_credentials"

    def __init__(self, message: str = "The request carries no bearer token.") -> None:
        super().__init__(message)


class InvalidRequest(ToriiAuthError):
    """The credentials break RFC 6750: an empty or malformed token, or more than one of them."""

    status = 400
    reason = "invalid_request"

    def __init__(self, message: str = "The bearer credentials are malformed.") -> None:
        super().__init__(message)


class InvalidToken(ToriiAuthError):
    """The access token was refused.

    Args:
        reason: which check refused it, one of `InvalidTokenReason`.
        claim: the name of the claim at fault, where one claim is.
    """

    status = 401

    def __init__(self, reason: InvalidTokenReason, claim: Optional[str] = None) -> None:
        sentence = SENTENCES[reason]
        super().__init__(sentence if claim is None else f"{sentence[:-1]}: {claim}.")
        self.reason: InvalidTokenReason = reason  # pyright: ignore[reportIncompatibleVariableOverride]
        self.claim = claim

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.reason, self.claim)


class PermissionDenied(ToriiAuthError):
    """The token is good, but its holder may not do this."""

    status = 403
    reason = "permission_denied"

    def __init__(self, message: str = "The signed-in user may not do this.") -> None:
        super().__init__(message)


class KeysUnavailable(ToriiAuthError):
    """The issuer's keys could not be fetched, so no token can be judged: try again later.

    Args:
        retry_after: whole seconds after which a new attempt makes sense.
    """

    status = 503
    reason = "keys_unavailable"

    def __init__(self, retry_after: int = 1) -> None:
        super().__init__("The signing keys of the issuer are not available at the moment.")
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.retry_after,)
