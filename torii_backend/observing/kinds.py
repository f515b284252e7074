"""The kinds of events that `observe` knows. Pure data.

No kind holds a token, a secret, a key id, a path or a query. Texts come from closed lists or from your own
settings, except where an attribute says otherwise. `Admitted` holds the Auth, whose repr shows ids only.
"""

from __future__ import annotations

from typing import Literal, Optional

import msgspec

from torii_backend.auth import Auth, not_from_requests

EventOutcome = Literal["ok", "unhandled", "duplicate", "busy", "failed", "inbox_unavailable"]


@not_from_requests("your_function")
class Refused(msgspec.Struct, frozen=True):
    """A guard refused a request, or its view did.

    Attributes:
        reason: the `reason` of the ToriiAuthError; `_OTHER` if it isn't one of ours.
        status: the HTTP status of the response, which `on_error` may have chosen.
        adapter: which adapter refused it, such as `flask` or `websocket`.
        method: the HTTP method, `_OTHER` for an unusual one; empty if only headers were known.
    """

    reason: str
    status: int
    adapter: str
    method: str


@not_from_requests("your_function")
class Admitted(msgspec.Struct, frozen=True):
    """A guard let a signed-in request pass. A further guard or the view may still refuse it.

    Attributes:
        auth: who is signed in.
    """

    auth: Auth


@not_from_requests("your_function")
class KeysFetched(msgspec.Struct, frozen=True):
    """The keys of an issuer were fetched.

    Attributes:
        issuer: the configured issuer.
        seconds: how long it took.
        keys: how many usable keys there are.
        changed: whether the keys differ from those before, as after a key rotation.
    """

    issuer: str
    seconds: float
    keys: int
    changed: bool


@not_from_requests("your_function")
class KeysFetchFailed(msgspec.Struct, frozen=True):
    """The keys of an issuer could not be fetched.

    Attributes:
        issuer: the configured issuer.
        seconds: how long it took to fail.
        cause: why, as one line without URLs and secrets, such as an HTTP library's message.
        failures: how many fetches have failed since the last good one.
        retry_in: seconds until the next attempt may start.
        keys_age: seconds since the last good fetch; None if there was none.
    """

    issuer: str
    seconds: float
    cause: str
    failures: int
    retry_in: float
    keys_age: Optional[float]


@not_from_requests("your_function")
class KeysStale(msgspec.Struct, frozen=True):
    """The keys of an issuer became too old to use (`max_stale`): its tokens are refused with a 503.

    Attributes:
        issuer: the configured issuer.
        age: seconds since the last good fetch.
    """

    issuer: str
    age: float


@not_from_requests("your_function")
class ApiCalled(msgspec.Struct, frozen=True):
    """A call of the REST API ended.

    Attributes:
        operation: the method and the path with the names of ids, such as `GET /users/{user_id}`.
        status: the HTTP status of the response; None if there was no response.
        seconds: how long it took, with all attempts and pauses.
        tries: how many attempts it took.
        request_id: Torii's `X-Request-Id`, to quote to Torii's support; None if there is none.
        error: `timeout` or `connection` if there was no response, else None.
    """

    operation: str
    status: Optional[int]
    seconds: float
    tries: int
    request_id: Optional[str]
    error: Optional[Literal["timeout", "connection"]]


@not_from_requests("your_function")
class EventHandled(msgspec.Struct, frozen=True):
    """`Events` dispatched a verified event.

    Attributes:
        type: the type of the event, such as `user.deleted`. The sender chooses it.
        outcome: what became of it, as in `Events.stats()`.
        seconds: how long it took.
    """

    type: str
    outcome: EventOutcome
    seconds: float


@not_from_requests("your_function")
class WebhookRefused(msgspec.Struct, frozen=True):
    """A receiver refused a webhook delivery.

    Attributes:
        reason: an `InvalidWebhookReason`, such as `bad_signature`.
    """

    reason: str


@not_from_requests("your_function")
class Revoked(msgspec.Struct, frozen=True):
    """This process revoked access tokens, by a call, an event or the REST client.

    Attributes:
        scope: `user` or `everybody`.
        refresh: whether only claims have changed, so that browsers get new tokens by themselves.
    """

    scope: Literal["user", "everybody"]
    refresh: bool


@not_from_requests("your_function")
class RevocationsStale(msgspec.Struct, frozen=True):
    """Redis stopped responding, so revocations of other processes are unknown.

    Attributes:
        max_stale: after how many seconds requests are refused; None if they never are.
    """

    max_stale: Optional[float]


@not_from_requests("your_function")
class RevocationsFresh(msgspec.Struct, frozen=True):
    """Redis was read and responds, for the first time or again.

    Attributes:
        stale_for: for how many seconds revocations were not up to date.
    """

    stale_for: float
