"""Webhook deliveries become events, and events reach your handlers.

`Events`, `Event` and `verify_webhook` are in `torii_backend`. Here is what you need for an inbox or a
scheme that you write yourself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torii_backend.events.inbox import Claim, Inbox
    from torii_backend.events.webhook import STANDARD_WEBHOOKS, Scheme

__all__ = ["STANDARD_WEBHOOKS", "Claim", "Inbox", "Scheme"]


# Type checkers do not see it: they would take every misspelt name for a public one.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Import a public name when it is first used."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        if name in {"Claim", "Inbox"}:
            from torii_backend.events import inbox as module
        else:
            from torii_backend.events import webhook as module
        globals()[name] = value = getattr(module, name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
