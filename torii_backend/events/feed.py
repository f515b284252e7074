"""What `Events.feed` does: events about users become revocations of their access tokens."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Callable, Optional, Protocol, runtime_checkable

from torii_backend.errors import ConfigurationError
from torii_backend.events.event import Event

# Torii has not published its types. These are the emulator's.
REVOKING_TYPES = (
    "user.banned",
    "user.deleted",
    "session.revoked",
    "organization.member_removed",
)


@runtime_checkable
class TokenRevoker(Protocol):
    """What `feed` needs of a `Revocations`."""

    def revoke(self, user_id: str, *, at: datetime) -> None:
        """Refuse the tokens that a user has until this time."""
        ...


def make_revoking_handler(
    revocations: TokenRevoker, types: Collection[str], count: Callable[[str], object]
) -> Callable[[Event], None]:
    """Return the handler. It counts the events of which it can make nothing as `not_revoked`."""
    if isinstance(revocations, type) or not isinstance(revocations, TokenRevoker):
        raise ConfigurationError("revocations must be an object, such as Revocations().")
    if isinstance(types, str) or not isinstance(types, Collection):
        raise ConfigurationError("types must be a collection, such as {'user.banned'}.")

    def revoke_tokens(event: Event) -> None:
        # Never the time at which this runs: later sign-ins are not meant.
        moment = event.created_at or event.sent_at
        try:
            revocations.revoke(_user_id(event), at=moment)
        except (ValueError, TypeError):
            count("not_revoked")

    return revoke_tokens


def _user_id(event: Event) -> Any:
    """Return the id of the user whom an event is about; None if it has none."""
    data: Any = event.data if isinstance(event.data, dict) else {}
    user: Any = data.get("user")
    candidates: list[Optional[Any]] = [
        data.get("user_id"),
        data.get("userId"),  # as in records of the REST API
        user.get("id") if isinstance(user, dict) else None,
        data.get("id") if event.type.startswith("user.") else None,
    ]
    return next((each for each in candidates if each is not None), None)
