"""verify_webhook: the published vectors, independent signers, and hostile deliveries."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.events.deliveries import OTHER_SECRET, SECRET, body, signed
from torii_backend import InvalidWebhook, verify_webhook
from torii_backend.events.webhook import STANDARD_WEBHOOKS

NOW = 1767225600
VECTORS = json.loads(
    Path(__file__).parents[1].joinpath("data", "standard_webhooks_vectors.json").read_text()
)["vectors"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_vectors_pass_or_are_refused(vector: dict[str, Any]) -> None:
    secrets, payload = (vector["secret"],), base64.b64decode(vector["body_b64"])
    try:
        STANDARD_WEBHOOKS(secrets, vector["headers"], payload, vector["now"], 300)
        found = "accept"
    except InvalidWebhook:
        found = "reject"
    assert found == {"info": "accept"}.get(vector["expect"], vector["expect"])


def test_a_delivery_becomes_an_event() -> None:
    payload = body(created_at="2026-01-01T01:00:00+01:00")
    event = verify_webhook(secret=SECRET, headers=signed(payload), payload=payload)
    assert (event.id, event.type, event.data) == ("evt_1", "user.deleted", {"id": "user_ada"})
    assert event.created_at and event.created_at.isoformat() == "2026-01-01T00:00:00+00:00"
    assert event.delivery_id == "msg_1"


def test_another_secret_is_refused() -> None:
    payload = body()
    with pytest.raises(InvalidWebhook) as refused:
        verify_webhook(secret=OTHER_SECRET, headers=signed(payload), payload=payload)
    assert (refused.value.status, refused.value.reason) == (400, "bad_signature")
