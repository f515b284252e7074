"""RevocationList: what a Verifier asks about users who were banned or signed out. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torii_backend.auth import Auth


@runtime_checkable
class RevocationList(Protocol):
    """Which tokens are revoked. Only `warm` may wait.

    `version` changes after more tokens were revoked, so that a cached token is looked up only then.
    From `fresh_until` on, in seconds of the aging clock, a Verifier calls `warm` before it goes on.
    Tokens older than `max_token_age` seconds are refused as well: what revoked them may be forgotten.
    """

    max_token_age: float
    version: int
    fresh_until: float

    def prefetch(self) -> None:
        """Start what `warm` would, without waiting."""
        ...

    def warm(self) -> None:
        """Wait until it is known which tokens are revoked, or raise RevocationsUnavailable."""
        ...

    async def warm_async(self) -> None:
        """Async version of `warm`."""
        ...

    def is_revoked(self, auth: Auth) -> bool:
        """Return whether the token of an Auth is revoked."""
        ...

    def watch(self, auth: Auth, on_revoked: Callable[[], None]) -> Callable[[], None]:
        """Call a function, on any thread, once a token is revoked; return a function that ends this."""
        ...
