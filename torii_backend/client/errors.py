"""The errors of the REST API, one class per status. `ToriiApiError` catches all of them."""

from __future__ import annotations

from torii_backend.errors import ToriiApiError


class BadRequest(ToriiApiError):
    """Status 400: Torii rejected a value."""


class Unauthorized(ToriiApiError):
    """Status 401: Torii does not accept the secret key."""


class PaymentRequired(ToriiApiError):
    """Status 402: the plan lacks the feature, or its quota is used up."""


class Forbidden(ToriiApiError):
    """Status 403: not accessible with this key. For users it may also mean an unknown id."""


class NotFound(ToriiApiError):
    """Status 404: the id is unknown, or not visible to this key."""


class Conflict(ToriiApiError):
    """Status 409: the request conflicts with existing data; `code` tells with what."""


class RateLimited(ToriiApiError):
    """Status 429: too many requests; `retry_after` is when to try again, if Torii says so."""


class ServerError(ToriiApiError):
    """Status 5xx: Torii failed."""


class InvalidResponse(ToriiApiError):
    """A 2xx response whose body is cut off, too large, not JSON, or lacks a required field."""
