"""Every exception of the package. Catch `ToriiError` to catch all of them.

ToriiError
  ConfigurationError          wrong or missing settings (also a ValueError)
  ToriiAuthError              what verifying a token and every guard raise; has `status` and `reason`
    MissingCredentials 401
    InvalidRequest     400
    InvalidToken       401    `reason` says which check failed
    PermissionDenied   403    `reason` says which condition of a policy failed
    KeysUnavailable    503    the issuer's keys can't be fetched; retry later
  ToriiApiError               the REST API's answer is not a usable success
    BadRequest 400, Unauthorized 401, PaymentRequired 402, Forbidden 403, NotFound 404,
    Conflict 409, RateLimited 429, ServerError 5xx
    InvalidResponse            a success whose body is not what it should be
  ToriiConnectionError        the REST API gave no answer
  ToriiTimeout                the REST API gave no answer in time
"""

from __future__ import annotations

from typing import Any, Literal, Optional, Union

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

PermissionDeniedReason = Literal[
    "email_unverified",
    "profile_incomplete",
    "impersonation",
    "organization",
    "role",
    "claim",
    "check",
]

SENTENCES: dict[str, str] = {
    "malformed": "The access token is not a well-formed JWT.",
    "unsupported_algorithm": "The access token is not signed with ES256.",
    "unknown_key": "The access token was signed with a key that the issuer does not publish.",
    "bad_signature": "The signature of the access token is invalid.",
    "expired": "The access token has expired.",
    "not_yet_valid": "The access token is not valid yet.",
    "wrong_issuer": "The access token was issued by an untrusted issuer.",
    "wrong_audience": "The access token is for a different audience.",
    "missing_claim": "The access token is missing a required claim.",
    "invalid_claim": "The access token has a claim of the wrong type or value.",
}


class ToriiError(Exception):
    """Base of every exception that torii_backend raises on purpose."""


class ConfigurationError(ToriiError, ValueError):
    """A setting is missing or wrong. Raised when the object that needs it is made."""


class ToriiAuthError(ToriiError):
    """The request was refused.

    Attributes:
        status: the HTTP status of the response.
        reason: a stable, machine-readable error code.
    """

    status: int = 401
    reason: str = "authentication_failed"


class MissingCredentials(ToriiAuthError):
    """The request has no bearer token: no credentials at all, or those of another scheme."""

    status = 401
    reason = "missing_credentials"

    def __init__(self, message: str = "The request has no bearer token.") -> None:
        super().__init__(message)


class InvalidRequest(ToriiAuthError):
    """The credentials break RFC 6750: an empty or malformed token, or more than one of them."""

    status = 400
    reason = "invalid_request"

    def __init__(self, message: str = "The bearer credentials are malformed.") -> None:
        super().__init__(message)


class InvalidToken(ToriiAuthError):
    """The access token was rejected.

    Args:
        reason: which check failed, one of `InvalidTokenReason`.
        claim: the name of the claim that is missing or wrong, if it is one claim.
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
    """The token is valid, but the user isn't allowed to do this.

    Args:
        message: one sentence, which is sent to the client.
        reason: which condition of a policy failed, one of `PermissionDeniedReason`. It is sent to the
            client as well. Leave it out if you raise this yourself.
    """

    status = 403

    def __init__(
        self,
        message: str = "The signed-in user isn't allowed to do this.",
        reason: Union[PermissionDeniedReason, Literal["permission_denied"]] = "permission_denied",
    ) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (*self.args, self.reason)


class KeysUnavailable(ToriiAuthError):
    """The issuer's keys can't be fetched, so no token can be verified. Retry later.

    Args:
        retry_after: whole seconds to wait before the next attempt.
    """

    status = 503
    reason = "keys_unavailable"

    def __init__(self, retry_after: int = 1) -> None:
        super().__init__("The issuer's signing keys are temporarily unavailable.")
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.retry_after,)


class ToriiApiError(ToriiError):
    """The REST API answered, but not with a usable success; statuses of note have subclasses.

    Args:
        message: one sentence, which quotes the answer's `detail` where it has one.
        status: the HTTP status of the answer.
        code: a stable machine-readable word of Torii's, where the answer has one.
        support_id: what to quote to Torii's support, where the answer has one.
        body: the body: decoded JSON, else text; None where it is empty.
        request_id: the header `X-Request-Id` of the answer.
        retry_after: seconds after which the server wants the next attempt, where it says so.
    """

    def __init__(  # noqa: PLR0917 (unpickling passes them by position)
        self,
        message: str,
        status: int,
        code: Optional[str] = None,
        support_id: Optional[str] = None,
        body: Any = None,
        request_id: Optional[str] = None,
        retry_after: Optional[float] = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.support_id = support_id
        self.body = body
        self.request_id = request_id
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[Any, ...]:
        facts = (self.status, self.code, self.support_id, self.body)
        return type(self), (*self.args, *facts, self.request_id, self.retry_after)


class BadRequest(ToriiApiError):
    """Status 400: Torii refused a value."""


class Unauthorized(ToriiApiError):
    """Status 401: Torii does not accept the secret key."""


class PaymentRequired(ToriiApiError):
    """Status 402: the plan lacks the feature, or its quota is used up."""


class Forbidden(ToriiApiError):
    """Status 403: not reachable with this key; for users that may also mean an unknown id."""


class NotFound(ToriiApiError):
    """Status 404: nothing has this id, as far as this key can see."""


class Conflict(ToriiApiError):
    """Status 409: what is stored already stands in the way; `code` tells what."""


class RateLimited(ToriiApiError):
    """Status 429: too many requests; `retry_after` tells when to try again, where Torii says so."""


class ServerError(ToriiApiError):
    """Status 5xx: the fault is on the server's side."""


class InvalidResponse(ToriiApiError):
    """A success, but its body is cut off, too large, not JSON, or lacks a required field."""


class ToriiConnectionError(ToriiError):
    """The REST API could not be reached, or the connection broke before the answer."""


class ToriiTimeout(ToriiError):
    """The REST API did not answer in time; it may still have done what it was asked."""
