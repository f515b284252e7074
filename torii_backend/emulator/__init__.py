"""A local Torii for development and tests, without an account or a network connection."""

from __future__ import annotations

from torii_backend.emulator.emulator import Emulator
from torii_backend.emulator.environment import Environment
from torii_backend.emulator.tokens import IssuedToken
from torii_backend.emulator.webhook_signing import sign_webhook

__all__ = ["Emulator", "Environment", "IssuedToken", "sign_webhook"]
