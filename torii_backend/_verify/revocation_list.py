"""RevocationList: what a Verifier asks about users who were banned or signed out. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torii_backend.auth import Auth


@runtime_checkable
class RevocationList(Protocol):
    """Which tokens are revoked. It must not wait.

    `version` changes after more tokens were revoked, so that a cached token is looked up only then.
    Tokens older than `max_token_age` seconds are refused as well: what revoked them may be forgotten.
    """

    max_token_age: float
    version: int

    def is_revoked(self, auth: Auth) -> bool:
        """Return whether the token of an Auth is revoked."""
        ...

    def watch(self, auth: Auth, on_revoked: Callable[[], None]) -> Callable[[], None]:
        """Call a function, on any thread, once a token is revoked; return a function that ends this."""
        ...
