"""The control plane's part: what the REST API cannot create, and stricter about what it is sent."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from .api import Api


def _ids(api: Api) -> dict[str, str]:
    return {
        "user": api.user(email="ada@example.com")["id"],
        "organization": api.organization()["id"],
    }


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sessions", {"userId": "{user}"}),
        ("/organizations", {"name": "Acme"}),
        (
            "/members",
            {"organizationId": "{organization}", "userId": "{user}", "role": "member"},
        ),
        ("/users/{user}/verify-email", {}),
    ],
)
def test_unknown_members_are_refused_by_name(api: Api, path: str, body: dict[str, Any]) -> None:
    ids = _ids(api)
    good = {name: value.format(**ids) for name, value in body.items()}
    answer = api.wire.post("/_emulator" + path.format(**ids), {**good, "shoeSize": 44})
    assert answer.status == 400
    assert "shoeSize" in answer.message
    api.steer(path.format(**ids), good)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sessions", {}),
        ("/sessions", {"userId": 7}),
        ("/organizations", {}),
        ("/organizations", {"name": None}),
        ("/organizations", {"name": "Acme", "environmentId": str(uuid4())}),
        ("/members", {"organizationId": "{organization}", "userId": "{user}", "role": 7}),
        ("/members", {"organizationId": str(uuid4()), "userId": "{user}", "role": "member"}),
        (
            "/members",
            {"organizationId": "{organization}", "userId": str(uuid4()), "role": "member"},
        ),
        (f"/users/{uuid4()}/verify-email", {}),
    ],
)
def test_what_cannot_be_made_is_refused(api: Api, path: str, body: dict[str, Any]) -> None:
    ids = _ids(api)
    sent = {
        name: value.format(**ids) if isinstance(value, str) else value
        for name, value in body.items()
    }
    answer = api.wire.post("/_emulator" + path, sent)
    assert 400 <= answer.status < 500
    assert answer.message


def test_a_user_does_not_join_an_organization_of_another_environment(
    api: Api, elsewhere: Api
) -> None:
    body = {
        "organizationId": elsewhere.organization()["id"],
        "userId": api.user()["id"],
        "role": "member",
    }
    assert 400 <= api.wire.post("/_emulator/members", body).status < 500


def test_an_organization_belongs_to_the_first_environment_unless_told(
    api: Api, elsewhere: Api
) -> None:
    made = api.steer("/organizations", {"name": "Acme"})
    assert [row["id"] for row in api.ok("GET", "/organizations")["items"]] == [made["id"]]
    assert elsewhere.ok("GET", "/organizations")["items"] == []
