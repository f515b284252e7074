"""The exceptions of the package. Catch `ToriiError` to catch all of them.

ToriiError
  ConfigurationError          missing or wrong settings
  ToriiAuthError              what verifying a token and every guard raise; has `status` and `reason`
    MissingCredentials 401
    InvalidRequest     400
    InvalidToken       401    `reason` says which check failed
    PermissionDenied   403    `reason` says which condition of a policy failed
    KeysUnavailable    503    the issuer's keys can't be fetched; retry later
    RevocationsUnavailable 503  it is unknown which tokens are revoked; retry later
    InvalidWebhook     400    `reason` says why a webhook delivery was refused
  InboxUnavailable            the store of an inbox did not respond; the sender tries again
  ToriiApiError               the REST API's response is not a usable success; `status` is its status
    in torii_backend.client:  BadRequest 400, Unauthorized 401, PaymentRequired 402, Forbidden 403,
                              NotFound 404, Conflict 409, RateLimited 429, ServerError 5xx,
                              InvalidResponse (a 2xx that can't be decoded)
  ToriiConnectionError        no response from the REST API, or from the Redis of Revocations
  ToriiTimeout                no response from the REST API in time
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Optional, Union

if TYPE_CHECKING:
    from torii_backend.auth import Auth

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
    "revoked",
]

PermissionDeniedReason = Literal[
    "email_unverified",
    "profile_incomplete",
    "impersonation",
    "organization",
    "role",
    "claim",
    "check",
    "user",
]

InvalidWebhookReason = Literal[
    "missing_header",
    "malformed_header",
    "bad_signature",
    "too_old",
    "too_new",
    "too_large",
    "malformed_body",
    "invalid_data",
]

WEBHOOK_SENTENCES: dict[str, str] = {
    "missing_header": "The delivery is missing a header that its signature needs.",
    "malformed_header": "A header of the delivery is malformed or comes twice.",
    "bad_signature": "No signature of the delivery matches a configured secret.",
    "too_old": "The timestamp of the delivery is too far in the past.",
    "too_new": "The timestamp of the delivery is too far in the future.",
    "too_large": "The body of the delivery is too large.",
    "malformed_body": "The body of the delivery is not an event.",
    "invalid_data": "The data of the event does not fit the type that was asked for.",
}

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
    "revoked": "The access token has been revoked.",
}


class ToriiError(Exception):
    """Base of every exception that torii_backend raises on purpose."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Without a call of `__init__`: that of your subclass may take other arguments.
        return _again, (type(self), self.args, self.__dict__)


def _again(kind: type[ToriiError], args: tuple[Any, ...], state: dict[str, Any]) -> ToriiError:
    """Make an error again that was pickled."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class ConfigurationError(ToriiError):
    """A setting is missing or wrong. Raised when the object that needs it is made.

    It is not a ValueError: some are found on a request only, and an application that turns each
    ValueError into a 400 would blame the client.
    """


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
        # The arguments are kept as `args` in each class: pickle, and task queues that store errors as
        # JSON, make an error again from them.
        super().__init__(reason, *([] if claim is None else [claim]))
        self.reason: InvalidTokenReason = reason  # pyright: ignore[reportIncompatibleVariableOverride]
        self.claim = claim

    def __str__(self) -> str:
        sentence = SENTENCES[self.reason]
        return sentence if self.claim is None else f"{sentence[:-1]}: {self.claim}."


class PermissionDenied(ToriiAuthError):
    """The token is valid, but the user isn't allowed to do this.

    Policies raise it. You may raise it in a guarded view: the response is the same 403.

    Args:
        message: one sentence, which is sent to the client.
        reason: which condition of a policy failed, one of `PermissionDeniedReason`. It is sent to the
            client as well. Leave it out if you raise this yourself.

    Attributes:
        auth: who is signed in, for `on_error`. None if that is unknown.
    """

    status = 403
    auth: Optional[Auth] = None

    def __init__(
        self,
        message: str = "The signed-in user isn't allowed to do this.",
        reason: Union[PermissionDeniedReason, Literal["permission_denied"]] = "permission_denied",
    ) -> None:
        super().__init__(message, reason)
        self.reason = reason

    def __str__(self) -> str:
        return str(self.args[0])


class KeysUnavailable(ToriiAuthError):
    """The issuer's keys can't be fetched, so no token can be verified. Retry later.

    Args:
        retry_after: whole seconds to wait before the next attempt.
    """

    status = 503
    reason = "keys_unavailable"

    def __init__(self, retry_after: int = 1) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after

    def __str__(self) -> str:
        return "The issuer's signing keys are temporarily unavailable."


class RevocationsUnavailable(ToriiAuthError):
    """It is unknown which tokens were revoked lately, so none is accepted. Retry later.

    Only `Revocations` with `max_stale` cause it.

    Args:
        retry_after: whole seconds to wait before the next attempt.
    """

    status = 503
    reason = "revocations_unavailable"

    def __init__(self, retry_after: int = 1) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after

    def __str__(self) -> str:
        return "The list of revoked access tokens is temporarily unavailable."


class InvalidWebhook(ToriiAuthError):
    """A webhook delivery was refused, or the data of its event has another form than you expect.

    Args:
        reason: which check failed, one of `InvalidWebhookReason`.
        member: the member of `data` that is missing or wrong, if the reason is invalid_data and it is
            one member.
    """

    status = 400

    def __init__(self, reason: InvalidWebhookReason, member: Optional[str] = None) -> None:
        super().__init__(reason, *([] if member is None else [member]))
        self.reason: InvalidWebhookReason = reason  # pyright: ignore[reportIncompatibleVariableOverride]
        self.member = member

    def __str__(self) -> str:
        sentence = WEBHOOK_SENTENCES[self.reason]
        return sentence if self.member is None else f"{sentence[:-1]}: {self.member}."


class InboxUnavailable(ToriiError):
    """The store of an inbox did not respond. Try again later.

    No handler ran, unless it failed after them. Then they run again at the next attempt.
    """

    def __init__(self, message: str = "The inbox is temporarily unavailable.") -> None:
        super().__init__(message)


class ToriiApiError(ToriiError):
    """The REST API did not respond with a usable success. `torii_backend.client` has the subclasses.

    Args:
        message: one sentence, which quotes the `detail` of the response if there is one.
        status: the HTTP status of the response.
        code: Torii's stable, machine-readable error code, if there is one.
        support_id: what to quote to Torii's support, if there is one.
        body: the decoded JSON of the body, else its text; None if it is empty.
        request_id: the `X-Request-Id` header of the response.
        retry_after: seconds until the server wants the next attempt, if it says so.
        headers: the headers of the response; names are case-insensitive.
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
        headers: Optional[Mapping[str, str]] = None,
    ) -> None:
        # Only a process that calls the REST API pays for this import.
        from requests.structures import CaseInsensitiveDict

        # Pickle, and task queues that store errors as JSON, make an error again from its args.
        facts = (status, code, support_id, body, request_id, retry_after)
        super().__init__(message, *facts, dict(headers or {}))
        self.status = status
        self.code = code
        self.support_id = support_id
        self.body = body
        self.request_id = request_id
        self.retry_after = retry_after
        self.headers: Mapping[str, str] = CaseInsensitiveDict(headers or {})

    def __str__(self) -> str:
        return str(self.args[0])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"  # the body may have personal data


class ToriiConnectionError(ToriiError):
    """The REST API could not be reached, or the connection broke before the response was complete.

    Revocations raise it as well, if Redis has not stored one.
    """


class ToriiTimeout(ToriiError):
    """The REST API did not respond in time. It may still have carried out the call."""


class ValidationProblem(NamedTuple):
    """The text of a `msgspec.ValidationError`, parsed."""

    text: str  # such as "Expected `str`, got `int`"
    path: Optional[str]  # where it is, such as "user.roles[0]"; None for the document as a whole
    missing: Optional[str]  # the required member that is not there


# Greedy, because a message may quote a value, and the value may look like a path.
_PLACE = re.compile(r"(.*) - at (?:`key` in )?`\$\.?(.*)`\Z", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`\Z", re.DOTALL)


def parse_validation_message(message: str) -> ValidationProblem:
    """Parse what msgspec says about invalid data: its errors have no attributes to read."""
    place = _PLACE.match(message)
    text, path = (place[1], place[2]) if place else (message, None)
    missing = _MISSING.match(text)
    return ValidationProblem(text, path, missing[1] if missing else None)
