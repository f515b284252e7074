"""TokenEnd: when the token of a WebSocket or a stream expires, or is revoked.

Revocations are told on any thread. `wait` hears of them through its event loop, and stops to listen
when it returns or is cancelled.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Callable, Literal

from torii_backend._guard.authenticator import Authenticator
from torii_backend.auth import Auth

# Clocks are set and machines sleep, so look at the clock at least this often.
_LONGEST_SLEEP = 60.0


class TokenEnd:
    """The end of one token."""

    def __init__(
        self, authenticator: Authenticator, auth: Auth, *, on_expiry: bool, on_revocation: bool
    ) -> None:
        self._authenticator = authenticator
        self._auth = auth
        self._on_expiry = on_expiry
        self._revocations = authenticator.revocations if on_revocation else None

    def is_reached(self) -> bool:
        """Return whether the token has ended."""
        if self._revocations is not None and self._revocations.is_revoked(self._auth):
            return True
        return self._on_expiry and self._authenticator.seconds_left(self._auth) <= 0

    async def wait(self) -> Literal["expired", "revoked"]:
        """Wait for the end of the token; return what it was."""
        revoked = asyncio.Event()
        stop_listening = self._listen(revoked)
        try:
            while not revoked.is_set():
                left = _LONGEST_SLEEP
                if self._on_expiry:
                    left = min(left, self._authenticator.seconds_left(self._auth))
                if left <= 0:
                    return "expired"
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(revoked.wait(), left)
            return "revoked"
        finally:
            stop_listening()

    def _listen(self, revoked: asyncio.Event) -> Callable[[], None]:
        if self._revocations is None:
            return lambda: None
        loop = asyncio.get_running_loop()

        def tell() -> None:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(revoked.set)

        return self._revocations.watch(self._auth, tell)
