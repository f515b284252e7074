"""Deliveries as a sender makes them, and the secret that signs them."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any, Callable, Optional

from torii_backend import Event
from torii_backend.emulator import sign_webhook

SECRET = "whsec_zwIoMcBbMEpOjAmGVYd0oDZrPvsGk+jzPzISCk/UiBg="
OTHER_SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZg=="


def body(kind: str = "user.deleted", **members: Any) -> bytes:
    return json.dumps({"id": "evt_1", "type": kind, "data": {"id": "user_ada"}, **members}).encode()


def signed(
    payload: bytes, *, delivery_id: str = "msg_1", sent_at: Optional[float] = None
) -> dict[str, str]:
    return sign_webhook(secret=SECRET, payload=payload, id=delivery_id, sent_at=sent_at)


def event(kind: str = "user.deleted", *, delivery_id: str = "msg_1", data: Any = None) -> Event:
    sent_at = datetime(2026, 1, 1, tzinfo=timezone.utc)
    raw = {"id": "evt_1", "type": kind, "data": data}
    return Event("evt_1", kind, None, data, delivery_id, sent_at, raw)


def sender_of(payload: bytes) -> Callable[[int], bytes]:
    """Return a `read` that gives a body."""
    return lambda limit: payload[:limit]
