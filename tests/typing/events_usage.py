"""Verifying webhooks and handling events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Optional

import msgspec
from typing_extensions import assert_type

from torii_backend import Event, Events, InvalidWebhook, MemoryInbox, verify_webhook
from torii_backend.emulator import Delivery, Emulator, sign_webhook
from torii_backend.errors import InvalidWebhookReason
from torii_backend.events import STANDARD_WEBHOOKS, Inbox, Scheme


class User(msgspec.Struct):
    id: str


def verifying(secret: str, payload: bytes, environ: dict[str, Any]) -> None:
    event = verify_webhook(secret=[secret, b"0123456789abcdef"], headers=environ, payload=payload)
    assert_type(event, Event)
    assert_type(event.created_at, Optional[datetime])
    assert_type(event.raw, Mapping[str, Any])
    assert_type(event.data_as(User), User)
    assert_type(Event.from_dict(event.as_dict()), Event)
    assert_type(sign_webhook(secret=secret, payload=payload), dict[str, str])


def refusing(error: InvalidWebhook) -> None:
    assert_type(error.reason, InvalidWebhookReason)
    assert_type(error.member, Optional[str])


async def handling(event: Event, inbox: Inbox) -> None:
    events = Events(inbox=inbox, scheme=Scheme("svix-"))
    Events(inbox=MemoryInbox(5, retention=60), scheme=STANDARD_WEBHOOKS, tolerance=60)

    @events.on("user.created", data=User)
    def create(user: User) -> int:
        return len(user.id)

    @events.otherwise
    async def note(event: Event) -> None: ...

    assert_type(create(User("user_ada")), int)
    await note(event)
    events.dispatch(event)
    await events.dispatch_async(event)
    events.on(User)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    events.on("user.*")(User("user_ada"))  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]


def sending(torii: Emulator) -> None:
    Emulator(webhooks=["http://127.0.0.1:8000/torii/events"])
    delivery = torii.send_event("user.deleted", {"id": "user_ada"}, to="http://127.0.0.1:8000/")
    assert_type(delivery, Delivery)
    assert_type(delivery.status, Optional[int])
    assert_type(torii.webhooks.finish(timeout=5), list[Delivery])
    assert_type(torii.webhooks.rotate_secret(withdraw=True), str)
    torii.webhooks.stage_fault("reorder")
    torii.webhooks.stage_fault("flood")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
