"""Users that the tests make through the admin API."""

from __future__ import annotations

from typing import Any

import requests

from tests.support.clock import WATCHDOG
from torii_backend.emulator import Emulator


def call(torii: Emulator, method: str, path: str, document: object = None) -> Any:
    """Call the admin API. Return the JSON of the response."""
    response = requests.request(
        method, f"{torii.api_url}/_emulator{path}", json=document, timeout=WATCHDOG
    )
    response.raise_for_status()
    return response.json() if response.content else None


def add_user(torii: Emulator, name: str, email: str) -> str:
    """Create a user. Return the id."""
    user_id: str = call(torii, "POST", "/users", {"name": name, "email": email})["id"]
    return user_id
