"""Event: what happened at Torii, out of a verified delivery. Pure."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, Optional, TypeVar

import msgspec

from torii_backend.auth import not_from_requests
from torii_backend.errors import InvalidWebhook, parse_validation_message

Kind = TypeVar("Kind")

# Numbers above are milliseconds: as seconds, this is the year 5138.
_MAX_SECONDS = 100_000_000_000

_decode = msgspec.json.Decoder(dict[str, Any]).decode


@not_from_requests("your_function")
class Event(msgspec.Struct, frozen=True):
    """One event of a verified delivery. It can be pickled; `repr` shows type and ids only.

    Attributes:
        id: the id of the event; that of the delivery if the body has none.
        type: what happened, such as `user.deleted`.
        created_at: when it happened, in UTC; None if the body doesn't say so.
        data: the member `data` of the body, as decoded JSON; None if it is absent.
        delivery_id: the id of the delivery. It stays the same if the sender tries again.
        sent_at: when the delivery was signed, in UTC.
        raw: the body, as decoded JSON.
    """

    id: str
    type: str
    created_at: Optional[datetime]
    data: Any
    delivery_id: str
    sent_at: datetime
    raw: Mapping[str, Any]

    def data_as(self, kind: builtins.type[Kind]) -> Kind:
        """Convert `data` to a type that you define.

        Args:
            kind: a msgspec struct, a dataclass, a TypedDict or another type that msgspec converts to.
                Members that it does not name are ignored.

        Returns:
            An object of that type.

        Raises:
            InvalidWebhook: a member is missing or has another type. `reason` is invalid_data, and
                `member` names it.
        """
        try:
            return msgspec.convert(self.data, kind, str_keys=True)
        except msgspec.ValidationError as error:
            member = _member_at_fault(error)
        raise InvalidWebhook("invalid_data", member)

    def as_dict(self) -> dict[str, Any]:
        """Return the event as plain JSON types, such as for a queue. `from_dict` reads them.

        Returns:
            A new dict with the body, the id of the delivery and the time at which it was sent.
        """
        sent_at = self.sent_at.isoformat()
        return {"delivery_id": self.delivery_id, "sent_at": sent_at, "raw": dict(self.raw)}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Event:
        """Make an event again from what `as_dict` returned. Nothing is verified.

        Args:
            document: what `as_dict` returned. Take it from your own queue only.

        Returns:
            An equal event.

        Raises:
            InvalidWebhook: the document is not an event; `reason` is malformed_body.
        """
        try:
            envelope = msgspec.convert(document, _Envelope)
        except msgspec.ValidationError:
            event = None
        else:
            event = event_from(envelope.raw, envelope.delivery_id, envelope.sent_at)
        if event is None:
            raise InvalidWebhook("malformed_body")
        return event

    def __repr__(self) -> str:
        return f"Event(type={self.type!r}, id={self.id!r}, delivery_id={self.delivery_id!r})"


class _Envelope(msgspec.Struct):
    delivery_id: str
    sent_at: datetime
    raw: dict[str, Any]


def decode_event(payload: bytes, delivery_id: str, sent_at: datetime) -> Optional[Event]:
    """Return the event in a body whose signature is valid; None if it is not an event."""
    try:
        raw = _decode(payload)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return event_from(raw, delivery_id, sent_at)


def event_from(raw: dict[str, Any], delivery_id: str, sent_at: datetime) -> Optional[Event]:
    """Return the event in a decoded body; None if it is not an event."""
    kind, name = raw.get("type"), raw.get("id", delivery_id)
    if not isinstance(kind, str) or not kind or not isinstance(name, str) or not name:
        return None
    moment = raw.get("created_at", raw.get("timestamp"))
    created_at = None if moment is None else _moment(moment)
    return Event(name, kind, created_at, raw.get("data"), delivery_id, sent_at, raw)


def _moment(value: Any) -> Optional[datetime]:
    """Return a timestamp (ISO 8601, or seconds or milliseconds since 1970) in UTC; None for others."""
    try:
        if isinstance(value, str):
            moment: datetime = msgspec.convert(value, datetime)
            if moment.tzinfo is None:
                return moment.replace(tzinfo=timezone.utc)
            return moment.astimezone(timezone.utc)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            seconds = value / 1000 if abs(value) > _MAX_SECONDS else value
            return datetime.fromtimestamp(seconds, timezone.utc)
    except (msgspec.ValidationError, ValueError, OverflowError, OSError):
        pass
    return None


def _member_at_fault(error: msgspec.ValidationError) -> Optional[str]:
    """Return the path of the member that msgspec rejected."""
    own_words = "" if error.__cause__ is None else str(error.__cause__)
    problem = parse_validation_message(str(error)[len(own_words) :])
    return ".".join(part for part in (problem.path, problem.missing) if part) or None
