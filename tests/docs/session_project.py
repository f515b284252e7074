"""Run by test_pages.py in the folder of the Django project of docs/pages.md: use it as a browser does.

Arguments: an access token of a user, and one of a user with a role.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command
from django.test import Client
from django.test.utils import setup_test_environment

from torii_backend import create_torii_client
from torii_backend.emulator import sign_webhook


def check(user_id: str, token: str, staff_token: str) -> None:
    """Start sessions, use them, and end them."""
    browser = Client(enforce_csrf_checks=True)

    def get(path: str) -> Any:
        return browser.get(path, secure=True)

    def start(token: str, target: str = "/session") -> Any:
        headers = {"Authorization": f"Bearer {token}", "Origin": "https://testserver"}
        return browser.post(target, headers=headers, secure=True)

    assert get("/account")["Location"] == "/sign-in?next=/account"
    assert browser.post("/session", secure=True).status_code == 401
    assert start(token, "/session?next=/reports").json() == {"next": "/reports"}
    assert browser.cookies["sessionid"]["secure"]
    assert get("/account").content.decode() == f"Signed in as {user_id}"
    assert get("/reports").status_code == 403
    assert browser.get("/admin/", secure=True, follow=True).status_code == 403
    assert start(staff_token).json() == {"next": "/account"}
    assert (get("/reports").status_code, get("/admin/").status_code) == (200, 200)
    assert browser.post("/sign-out", secure=True).status_code == 403
    _tell("session.revoked", {"userId": user_id})
    assert get("/account").status_code == 302
    start(token)
    assert get("/account").status_code == 200
    with create_torii_client() as torii:
        torii.users.ban(user_id)
        _tell("user.banned", {"id": user_id})
        assert get("/account").status_code == 302
        assert start(token).json()["error"]["reason"] == "user"
        torii.users.unban(user_id)
    _tell("user.unbanned", {"id": user_id})
    assert start(token).status_code == 200


def _tell(kind: str, data: dict[str, str]) -> None:
    payload = json.dumps({"type": kind, "data": data})
    signed = sign_webhook(secret=os.environ["TORII_WEBHOOK_SECRET"], payload=payload)
    response = Client().post(
        "/torii/events", payload, content_type="application/json", headers=signed, secure=True
    )
    assert response.status_code < 300, response.content


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
    sys.path.insert(0, str(Path.cwd()))
    django.setup()
    setup_test_environment()
    call_command("check", fail_level="WARNING", stdout=sys.stderr)
    call_command("migrate", verbosity=0)
    check(*sys.argv[1:])
