"""The emulator's control plane: what the REST API cannot make."""

from __future__ import annotations

from typing import Any

import requests

from torii_backend.emulator import Emulator

WATCHDOG = 30


def admin(emulator: Emulator, path: str, **body: Any) -> Any:
    """Have the control plane make something."""
    url = f"{emulator.api_url}/_emulator{path}"
    with requests.post(url, json=body, timeout=WATCHDOG) as response:
        assert response.ok, response.text
        return response.json()


def sign_in(emulator: Emulator, user_id: str, **body: Any) -> str:
    """Start a session; gives its access token."""
    token: str = admin(emulator, "/sessions", userId=user_id, **body)["accessToken"]
    return token
