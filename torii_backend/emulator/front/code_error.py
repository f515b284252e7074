"""The errors of wrong codes."""

from __future__ import annotations

from torii_backend.emulator.responses import RequestError
from torii_backend.emulator.store.codes import CodeState


def code_error(state: CodeState) -> RequestError:
    """Return the 400 for a code that isn't right. Raise it after the transaction, so that the try counts."""
    if state == "locked":
        return RequestError(400, "code_locked", "The code was tried too often. Request a new one.")
    return RequestError(400, "invalid_code", "The code is wrong or expired.")
