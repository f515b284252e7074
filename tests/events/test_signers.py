"""What other libraries sign is accepted, and what we sign is accepted by them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from tests.events.deliveries import OTHER_SECRET, SECRET, body
from torii_backend import ConfigurationError, verify_webhook
from torii_backend.emulator import sign_webhook
from torii_backend.events import Scheme

PAYLOAD = body(name="Zoë ✓")


@pytest.fixture
def now() -> datetime:
    return datetime.now(timezone.utc)


def _signer(package: str) -> Any:
    reason = f"{package} is not installed; it is in the dependency group tests."
    module = pytest.importorskip(f"{package}.webhooks", reason=reason)
    return module.Webhook(SECRET)


@pytest.mark.parametrize("package", ["standardwebhooks", "svix"])
def test_they_sign_and_we_verify(package: str, now: datetime) -> None:
    signature = _signer(package).sign("msg_7", now, PAYLOAD.decode())
    headers = dict(zip(("id", "timestamp"), ("msg_7", str(int(now.timestamp())))))
    headers = {f"x-{name}": value for name, value in {**headers, "signature": signature}.items()}
    event = verify_webhook(secret=SECRET, headers=headers, payload=PAYLOAD, scheme=Scheme("x-"))
    assert event.delivery_id == "msg_7"


@pytest.mark.parametrize(
    ("package", "prefix"),
    [("standardwebhooks", "webhook-"), ("svix", "svix-"), ("svix", "webhook-")],
)
def test_we_sign_and_they_verify(package: str, prefix: str) -> None:
    headers = sign_webhook(secret=[OTHER_SECRET, SECRET], payload=PAYLOAD, prefix=prefix)
    lowered = {name.lower(): value for name, value in headers.items()}
    _signer(package).verify(PAYLOAD.decode(), lowered)
    with pytest.raises(Exception, match="signature"):
        _signer(package).verify(PAYLOAD.decode() + " ", lowered)


def test_sign_webhook_signs_at_any_time(now: datetime) -> None:
    for sent_at in (now, now.timestamp()):
        headers = sign_webhook(secret=SECRET, payload=PAYLOAD.decode(), id="msg_1", sent_at=sent_at)
        assert headers["webhook-timestamp"] == str(int(now.timestamp()))
        assert (
            verify_webhook(secret=SECRET, headers=headers, payload=PAYLOAD).delivery_id == "msg_1"
        )


@pytest.mark.parametrize("bad", ["", "whsec_short", "whpk_" + SECRET[6:]])
def test_a_secret_that_cannot_sign_is_a_mistake(bad: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^secret must be "):
        sign_webhook(secret=bad, payload=PAYLOAD)
