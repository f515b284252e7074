"""Deliveries: one event for one URL, and the attempts to send it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Callable, Literal, NamedTuple, Optional, get_args

import msgspec

from torii_backend.auth import not_from_requests
from torii_backend.emulator.ids import new_id
from torii_backend.emulator.store.timestamps import now

Fault = Literal["duplicate", "reorder", "late", "bad_signature", "cut_body"]
DeliveryState = Literal["pending", "delivered", "failed", "dropped"]

FAULTS: tuple[str, ...] = get_args(Fault)


@not_from_requests("your_function")
class DeliveryAttempt(msgspec.Struct, frozen=True, rename="camel"):
    """One attempt to send a delivery.

    Attributes:
        sent_at: when it was sent, in UTC.
        seconds: how long it took.
        status: the status of the response; None if there was none.
        response: the first 1,000 characters of the response, which are empty if there was none.
        problem: why there was no response, else None.
    """

    sent_at: datetime
    seconds: float
    status: Optional[int]
    response: str
    problem: Optional[str]

    def succeeded(self) -> bool:
        """Return whether the status is one of 200 to 299."""
        return self.status is not None and 200 <= self.status < 300


@not_from_requests("your_function")
class Delivery(msgspec.Struct, frozen=True, rename="camel"):
    """An event for one URL, and what became of it so far.

    Attributes:
        id: the id of the delivery, which is the same in all attempts.
        url: where it is sent to.
        event: the body, as JSON types.
        state: `pending`, `delivered`, `failed` after the last attempt, or `dropped` because too many
            were waiting.
        attempts: the attempts so far, oldest first.
    """

    id: str
    url: str
    event: Mapping[str, Any]
    state: DeliveryState
    attempts: tuple[DeliveryAttempt, ...]

    @property
    def status(self) -> Optional[int]:
        """The status of the last response; None if there was none."""
        return self.attempts[-1].status if self.attempts else None

    @property
    def response(self) -> str:
        """The first 1,000 characters of the last response."""
        return self.attempts[-1].response if self.attempts else ""


class Change(NamedTuple):
    """A change in an environment that its webhooks get as an event."""

    environment_id: str
    event_type: str
    record: object


Publish = Callable[[Sequence[Change]], None]


def make_event(event_type: str, data: object) -> dict[str, Any]:
    """Return the body of an event that happens now. Raise ValueError if it can't be JSON."""
    if not isinstance(event_type, str):
        raise TypeError("type must be a string, such as 'user.deleted'.")
    if not event_type or not event_type.isprintable():
        raise ValueError("type must be the type of an event, such as 'user.deleted'.")
    event = {"id": f"evt_{new_id()}", "type": event_type, "created_at": now(), "data": data}
    try:
        document: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(event))
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
        raise ValueError("data must be plain JSON, such as {'id': 'user_ada'}.") from None
    return document


def require_fault(fault: object) -> None:
    """Raise ValueError unless it is the name of a fault."""
    if fault not in FAULTS:
        raise ValueError(f"fault must be one of {', '.join(FAULTS)}.")
