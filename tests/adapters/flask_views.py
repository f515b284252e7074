"""What the tests of Flask share: a view, and headers that carry a token."""

from __future__ import annotations

from typing import Any

from flask import g

from torii_backend import current_auth

from .issuers import Issuers


def whoami() -> dict[str, Any]:
    """Tell who is signed in."""
    assert g.auth is current_auth()
    return {"user_id": None if g.auth is None else g.auth.user_id}


def bearer_headers(issuers: Issuers, user_id: str = "ada", **claims: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {issuers.token(user_id, **claims)}"}
