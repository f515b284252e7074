"""How long a webhook delivery takes: to verify, beside standardwebhooks, and with its inbox."""

from __future__ import annotations

import json
from functools import partial
from itertools import count
from statistics import median
from typing import Any, Callable

from figure import Figure, at_most
from standardwebhooks.webhooks import Webhook
from stopwatch import interleaved, ratio

from torii_backend import Events, InvalidWebhook, verify_webhook
from torii_backend.emulator import sign_webhook
from torii_backend.events.receiver import Receiver

_SECRET = "whsec_zwIoMcBbMEpOjAmGVYd0oDZrPvsGk+jzPzISCk/UiBg="  # noqa: S105
_CALLS = 200
# As a server hands them over.
_OTHERS = dict.fromkeys(["Host", "User-Agent", "Accept", "Accept-Encoding", "Content-Length"], "1")


def measure(*, quick: bool) -> list[Figure]:
    """Time verifications in turns, from the secret to the event."""
    body = json.dumps({"id": "evt_1", "type": "user.deleted", "data": {"text": "x" * 960}}).encode()
    headers = {**_OTHERS, **sign_webhook(secret=_SECRET, payload=body)}
    ours = partial(verify_webhook, secret=_SECRET, headers=headers, payload=body)
    steps: dict[str, Callable[[], object]] = {
        "ours": partial(_repeat, ours),
        "theirs": partial(_repeat, lambda: Webhook(_SECRET).verify(body, headers)),
        "received": partial(_receive, _receiver(), count(), body),
    }
    seconds = interleaved(steps, 20 if quick else 100)
    theirs = median(seconds["theirs"]) / _CALLS * 1e6
    received = median(seconds["received"]) / _CALLS * 1e6
    return [
        Figure("webhooks: verify 1 KiB, standardwebhooks", f"{theirs:.3f} µs"),
        at_most("webhooks: verify 1 KiB", ratio(seconds["ours"], seconds["theirs"]), 0.6, "times"),
        at_most("webhooks: sign, verify and handle once, MemoryInbox", received, 60, "µs"),
        at_most("webhooks: refuse 10,000 signatures (1 MiB)", _many(headers, body), 5, "ms"),
    ]


def _repeat(step: Callable[[], object]) -> None:
    for _ in range(_CALLS):
        step()


def _receiver() -> Receiver:
    events = Events(_SECRET)
    events.on("user.*")(lambda _: None)
    return Receiver(events)


def _receive(receiver: Receiver, ids: Any, body: bytes) -> None:
    for _ in range(_CALLS):
        headers = sign_webhook(secret=_SECRET, payload=body, id=f"msg_{next(ids)}")
        assert receiver.respond("POST", headers, lambda limit: body[:limit]).status == 200  # noqa: S101


def _many(headers: dict[str, str], body: bytes) -> float:
    """Return the milliseconds of one refusal."""
    flood = {**headers, "webhook-signature": " ".join(["v1," + "A" * 101] * 10_000)}

    def refuse() -> None:
        try:
            verify_webhook(secret=_SECRET, headers=flood, payload=body)
        except InvalidWebhook:
            return

    return median(interleaved({"refuse": refuse}, 50)["refuse"]) * 1e3
