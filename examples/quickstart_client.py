"""The client's part of the quickstart: create, update and ban a user over the REST API."""

from __future__ import annotations

from typing import Any

import requests

from torii_backend import ToriiClient, create_torii_client
from torii_backend.emulator import Emulator

COLUMNS = ("status", "name", "phone", "sessions", "new token")
EXPECTED = {
    "client: create": ("active", "Nora", "+45 12345678", "1", "issued"),
    "client: update": ("active", "Ada", "none", "1", "issued"),
    "client: ban": ("banned", "Ada", "none", "0", "refused"),
}


def manage_user(emulator: Emulator) -> dict[str, tuple[str, ...]]:
    """Create, update and ban a user; return what is stored after each step, in `COLUMNS`."""
    states: dict[str, tuple[str, ...]] = {}
    with create_torii_client(emulator.secret_key, api_url=emulator.api_url) as torii:
        user = torii.users.create(email="ada@example.com", name="Nora", phone="+45 12345678")
        _sign_in(emulator, user.id)
        states["client: create"] = _state(emulator, torii, user.id)
        # This sets the name, clears the phone and keeps the email.
        torii.users.update(user.id, name="Ada", phone=None)
        states["client: update"] = _state(emulator, torii, user.id)
        torii.users.ban(user.id)
        states["client: ban"] = _state(emulator, torii, user.id)
    return states


def _state(emulator: Emulator, torii: ToriiClient, user_id: str) -> tuple[str, ...]:
    user = torii.users.get(user_id)
    # The phone number is a field of older API versions: not in the struct, but in the response.
    phone = torii.request("GET", f"/users/{user_id}", into=dict[str, Any])["phone"]
    sessions = torii.sessions.list_for_user(user_id)
    token = _try_for_a_token(emulator, user_id)
    return user.status, user.name or "none", phone or "none", str(len(sessions)), token


def _try_for_a_token(emulator: Emulator, user_id: str) -> str:
    try:
        emulator.issue_token(user_id=user_id)
    except ValueError:
        return "refused"
    return "issued"


def _sign_in(emulator: Emulator, user_id: str) -> None:
    """Start a session, as the user's browser would."""
    url = f"{emulator.issuer}/_emulator/sessions"
    requests.post(url, json={"userId": user_id}, timeout=10).raise_for_status()
