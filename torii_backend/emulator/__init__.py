"""A local Torii for development and tests, without an account or a network connection."""

from __future__ import annotations

from torii_backend.emulator.emulator import Emulator
from torii_backend.emulator.environment import Environment
from torii_backend.emulator.mailbox import Message
from torii_backend.emulator.tokens import IssuedToken
from torii_backend.emulator.webhook_signing import sign_webhook
from torii_backend.emulator.webhooks.delivery import Delivery, DeliveryAttempt
from torii_backend.emulator.webhooks.webhooks import Webhooks

__all__ = [
    "Delivery",
    "DeliveryAttempt",
    "Emulator",
    "Environment",
    "IssuedToken",
    "Message",
    "Webhooks",
    "sign_webhook",
]
