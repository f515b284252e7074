"""The emulator's admin API: what the REST API cannot create."""

from __future__ import annotations

from typing import Any

import requests

from torii_backend.emulator import Emulator

WATCHDOG = 30


def admin(emulator: Emulator, path: str, **body: Any) -> Any:
    """Call the admin API, and expect success."""
    url = f"{emulator.api_url}/_emulator{path}"
    with requests.post(url, json=body, timeout=WATCHDOG) as response:
        assert response.ok, response.text
        return response.json()


def sign_in(emulator: Emulator, user_id: str, **body: Any) -> str:
    """Start a session. Return its access token."""
    token: str = admin(emulator, "/sessions", userId=user_id, **body)["accessToken"]
    return token
