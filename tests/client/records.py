"""Records as Torii's REST API returns them, in wire names."""

from __future__ import annotations

from typing import Any

USER_ID = "0190a0b0-0000-7000-8000-000000000001"
SESSION_ID = "0190a0b0-0000-7000-8000-0000000000aa"
TIMESTAMP = "2026-01-02T03:04:05Z"


def user(user_id: str = USER_ID, **fields: Any) -> dict[str, Any]:
    """Make a user with all that is required, and the fields given."""
    return {
        "id": user_id,
        "environmentId": "env-1",
        "status": "active",
        "createdAt": TIMESTAMP,
        "updatedAt": TIMESTAMP,
        "publicMetadata": {},
        "privateMetadata": {},
        "unsafeMetadata": {},
        **fields,
    }


def page(*items: Any, more: bool = False, cursor: Any = None) -> dict[str, Any]:
    """Make a page of a listing."""
    return {"items": list(items), "hasMore": more, "nextCursor": cursor}
