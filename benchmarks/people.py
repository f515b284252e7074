"""People: user records as the REST API sends them, the same ones in every run."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

PAGE_SIZE = 100

SECRET_KEY = "sk_test_of_no_account"  # noqa: S105
USER_ID = "01970000-0000-7000-8000-000000000000"


def one_user() -> bytes:
    """Give the body that answers for one user."""
    return _compact(_user(0))


def page_of_users() -> bytes:
    """Give the body that answers a search with `PAGE_SIZE` users."""
    users = [_user(number) for number in range(PAGE_SIZE)]
    return _compact({"items": users, "nextCursor": users[-1]["id"], "hasMore": True})


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _user(number: int) -> dict[str, Any]:
    first, last = ("Åse", "Ada", "Bo", "Grace")[number % 4], f"Lovelace-{number}"
    return {
        "id": _uuid(number),
        "environmentId": _uuid(2**40),
        "name": f"{first} {last}",
        "firstName": first,
        "lastName": last,
        "locale": "da" if number % 3 else None,
        "status": "banned" if number % 20 == 19 else "active",
        "createdAt": f"2026-{number % 12 + 1:02}-17T08:{number % 60:02}:11.482913Z",
        "updatedAt": f"2027-{number % 12 + 1:02}-03T19:{number % 60:02}:52.007Z",
        "email": f"user.{number}@example.com",
        "emailVerifiedAt": f"2026-{number % 12 + 1:02}-17T09:{number % 60:02}:40.1Z",
        "deletedAt": None,
        "publicMetadata": {"plan": "team", "seats": 12 + number, "beta": number % 2 == 0},
        "privateMetadata": {
            "customerId": f"cus_{number:014}",
            "crm": {"owner": _uuid(number % 7), "score": 0.25 * number, "tags": ["eu", "churn"]},
        },
        "unsafeMetadata": {
            "theme": "dark",
            "onboarding": {"step": number % 5, "done": False, "dismissed": ["tour", "survey"]},
        },
    }


def _uuid(number: int) -> str:
    return str(UUID(int=0x01970000_0000_7000_8000_0000_0000_0000 + number * 0x9E3779B97F4A7C15))
