"""Organizations, invitations and the rest: each method does to the emulator what it says."""

from __future__ import annotations

from uuid import UUID

import pytest
import requests

from torii_backend import verify_token
from torii_backend.client import BadRequest, Conflict, Organization, ToriiClient
from torii_backend.emulator import Emulator

from .admin_api import WATCHDOG, admin, sign_in


def test_organizations_and_their_members(emulator: Emulator, torii: ToriiClient) -> None:
    organization_id = admin(emulator, "/organizations", name="Acme", slug="acme")["id"]
    users = [torii.users.create() for _ in range(3)]
    for user in users:
        admin(emulator, "/members", organizationId=organization_id, userId=user.id, role="admin")

    organization = torii.organizations.get(organization_id)
    assert (organization.name, organization.slug) == ("Acme", "acme")
    assert torii.organizations.list(name="ACM").items == (organization,)
    assert list(torii.organizations.iterate(limit=1)) == [organization]
    changed = torii.organizations.update_metadata(organization_id, public_metadata={"seats": 3})
    assert changed.public_metadata == {"seats": 3}

    members = torii.organizations.members(organization_id, limit=2)
    assert members.has_more
    rest = torii.organizations.members(organization_id, cursor=members.next_cursor)
    assert [row.user_id for row in (*members.items, *rest.items)] == sorted(u.id for u in users)

    user = users[0]
    member = torii.organizations.update_member_metadata(
        organization_id, user.id, private_metadata={"desk": "B"}
    )
    assert (member.user_id, member.private_metadata) == (user.id, {"desk": "B"})
    (membership,) = torii.users.organizations(user.id).items
    assert (membership.organization_id, membership.name, membership.role) == (
        organization_id,
        "Acme",
        "admin",
    )
    assert membership.private_metadata == {"desk": "B"}
    assert len(torii.users.list(organization_id=UUID(organization_id)).items) == 3

    token = sign_in(emulator, user.id, activeOrganizationId=organization_id)
    auth = verify_token(token, issuer=emulator.issuer)
    assert (auth.organization_id, auth.organization_role) == (organization.id, member.role)
    (session,) = torii.sessions.list_for_user(user.id)
    assert session.active_organization_id == organization_id


def test_an_invitation_from_its_making_to_its_end(torii: ToriiClient) -> None:
    made = torii.invitations.create(
        "ada@example.com", expires_in_days=3, private_metadata={"source": "ad", "batch": 5}
    )
    assert made.status == "PENDING"
    assert torii.invitations.get(made.id).private_metadata == {"source": "ad", "batch": 5}
    changed = torii.invitations.update_metadata(made.id, private_metadata={"source": None})
    assert changed.private_metadata == {"batch": 5}
    assert torii.invitations.resend(made.id).id == made.id
    assert [row.id for row in torii.invitations.list(search="ada@").items] == [made.id]

    torii.invitations.create("grace@example.com")
    assert len(list(torii.invitations.iterate(limit=1))) == 2
    torii.invitations.revoke(made.id)
    assert torii.invitations.get(made.id).revoked_at is not None
    assert [row.id for row in torii.invitations.iterate(status="REVOKED")] == [made.id]
    assert len(torii.invitations.list(status=["PENDING", "REVOKED"]).items) == 2
    with pytest.raises(Conflict) as caught:
        torii.invitations.update_metadata(made.id, public_metadata={"a": 1})
    assert caught.value.code == "invitation_not_pending"
    assert caught.value.body["invitationStatus"] == "REVOKED"


def test_an_impersonation_token_is_good_once(emulator: Emulator, torii: ToriiClient) -> None:
    user, actor = torii.users.create(), torii.users.create()
    granted = torii.impersonation.create_token(
        user.id, actor_user_id=UUID(actor.id), reason="support", expires_in_seconds=60
    )
    assert granted.expires_in_seconds == 60
    assert granted.url is None

    url = f"{emulator.issuer}/_torii/auth/session/impersonate"
    responses = [requests.post(url, json={"token": granted.token}, timeout=WATCHDOG) for _ in "ab"]
    assert [response.status_code for response in responses] == [200, 401]
    auth = verify_token(responses[0].json()["accessToken"], issuer=emulator.issuer)
    assert (auth.user_id, auth.impersonating, auth.actor) == (user.id, True, actor.id)
    (session,) = torii.sessions.list_for_user(user.id)
    assert session.impersonated_by == actor.id
    with pytest.raises(BadRequest):
        torii.impersonation.create_token(
            user.id, actor_user_id=actor.id, reason="support", expires_in_seconds=3600
        )


def test_allowed_origins_are_replaced(torii: ToriiClient) -> None:
    assert torii.allowed_origins.get().origins == ()
    origins = ["https://app.example.com", "capacitor://localhost"]
    assert torii.allowed_origins.set(origins).origins == tuple(origins)
    assert torii.allowed_origins.get().origins == tuple(origins)
    assert torii.allowed_origins.set([]).origins == ()


def test_an_unknown_endpoint_can_be_reached(emulator: Emulator, torii: ToriiClient) -> None:
    organization_id = admin(emulator, "/organizations", name="Acme")["id"]
    path = f"/organizations/{organization_id}"
    assert torii.request("GET", path)["name"] == "Acme"
    assert torii.request("GET", path, into=Organization) == torii.organizations.get(organization_id)
    response = torii.with_raw_response.organizations.get(organization_id)
    assert (response.status, response.value.name) == (200, "Acme")
    assert b'"publicMetadata"' in response.body
