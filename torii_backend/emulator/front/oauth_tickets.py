"""The tickets that lead through a sign-in by OAuth, and the page for one that can't be used."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal, Optional

from werkzeug.wrappers import Response

from torii_backend.emulator.pages.page import message_page
from torii_backend.emulator.rest.request_context import RequestContext
from torii_backend.emulator.store import tickets
from torii_backend.emulator.store.users import StoredUser

LIFETIME = timedelta(minutes=10)

Purpose = Literal["oauth_state", "oauth_code", "oauth_establish"]


def issue(context: RequestContext, purpose: Purpose, data: dict[str, Any]) -> str:
    """Return a new ticket for ten minutes."""
    expires_at = context.now + LIFETIME
    return tickets.issue(context.connection, purpose, data, at=context.now, expires_at=expires_at)


def find(context: RequestContext, purpose: Purpose, secret: str) -> Optional[dict[str, Any]]:
    """Return the data of a ticket, without using it up."""
    return tickets.find(context.connection, purpose, secret, context.now)


def use_up(context: RequestContext, purpose: Purpose, secret: str) -> Optional[dict[str, Any]]:
    """Return the data of a ticket, and use it up."""
    data = find(context, purpose, secret)
    if data is not None:
        tickets.use_up(context.connection, secret)
    return data


def unusable() -> Response:
    """Return the page for a ticket that is unknown, used, expired or another browser's."""
    return message_page(
        "Not signed in",
        "This link was used before, is too old, or belongs to another browser.",
        "Go back to the app, and start again.",
        status=400,
    )


def not_active(user: Optional[StoredUser]) -> Response:
    """Return the page for a user who can't sign in."""
    status = "deleted" if user is None else user.status
    return message_page(
        "Not signed in", f"This user is {status}, so Torii does not sign them in.", status=403
    )
