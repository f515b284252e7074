"""Observe what the package does: for logs, metrics, traces and audits.

    from torii_backend.observing import Refused, observe

    undo = observe(lambda event: print(event.reason), Refused)

Each kind of event is a frozen struct. docs/observing.md lists them.
"""

from torii_backend.observing.kinds import (
    Admitted,
    ApiCalled,
    EventHandled,
    KeysFetched,
    KeysFetchFailed,
    KeysStale,
    Refused,
    RevocationsFresh,
    RevocationsStale,
    Revoked,
    WebhookRefused,
)
from torii_backend.observing.slots import observe

__all__ = [
    "Admitted",
    "ApiCalled",
    "EventHandled",
    "KeysFetchFailed",
    "KeysFetched",
    "KeysStale",
    "Refused",
    "RevocationsFresh",
    "RevocationsStale",
    "Revoked",
    "WebhookRefused",
    "observe",
]
