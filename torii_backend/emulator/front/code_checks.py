"""The errors of wrong codes."""

from __future__ import annotations

from torii_backend.emulator.responses import RequestError
from torii_backend.emulator.store.codes import CodeState


def require_right_code(state: CodeState) -> None:
    """Raise a 400 unless a code is right. Call it after the transaction, so that the try counts."""
    if state == "locked":
        raise RequestError(400, "code_locked", "The code was tried too often. Request a new one.")
    if state == "wrong":
        raise RequestError(400, "invalid_code", "The code is wrong or expired.")
