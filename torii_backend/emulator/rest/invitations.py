"""The invitations by email."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from msgspec import UNSET, structs
from werkzeug.wrappers import Response

from torii_backend.client.inputs import CreateInvitation, MetadataPatch
from torii_backend.client.models import Invitation, InvitationDetail, Page
from torii_backend.emulator.addresses import is_mailbox, web_origin
from torii_backend.emulator.answers import json_answer
from torii_backend.emulator.ids import new_id
from torii_backend.emulator.rest.bags import bags_of, check_some_bag, merged_bags
from torii_backend.emulator.rest.call import Call
from torii_backend.emulator.rest.operation import Operation
from torii_backend.emulator.rest.paging import paging
from torii_backend.emulator.rest.problem import Problem, bad_value, not_found
from torii_backend.emulator.store import invitations, users

_DEFAULT_DAYS = 7
_MOST_DAYS = 365
_STATUSES = {"PENDING", "ACCEPTED", "REVOKED", "EXPIRED"}


def create_invitation(call: Call, body: CreateInvitation) -> Response:
    """Invite an address; the emulator sends no mail."""
    days = _checked_days(body.expires_in_days)
    if not is_mailbox(body.email):
        raise bad_value("email must be the address of a mailbox.")
    if isinstance(body.redirect_url, str) and web_origin(body.redirect_url) is None:
        raise bad_value("redirectUrl must be an http or https address.")
    if users.has_address(call.connection, call.environment_id, body.email):
        raise Problem(409, "account_exists", "The email belongs to an account already.")
    invitation = InvitationDetail(
        id=new_id(),
        environment_id=call.environment_id,
        email=body.email,
        status="PENDING",
        expires_at=call.now + timedelta(days=days),
        created_at=call.now,
        **merged_bags({"public_metadata": {}, "private_metadata": {}}, body, shared=True),
    )
    invitations.add(call.connection, invitation)
    return json_answer(_without_metadata(invitation), 201)


def list_invitations(call: Call) -> Response:
    """List the invitations of some statuses whose address contains a text."""
    wanted = paging(call.query)
    statuses = None
    if "status" in call.query:
        statuses = sorted({status.upper() for status in call.query.getlist("status")} & _STATUSES)
    found = invitations.search(
        call.connection,
        call.environment_id,
        statuses=statuses,
        text=call.query.get("search", ""),
        at=call.now,
        after=wanted.after,
        most=wanted.most,
    )
    page: Page[Invitation] = wanted.page(
        [_without_metadata(invitation) for invitation in found], lambda invitation: invitation.id
    )
    return json_answer(page)


def get_invitation(call: Call, invitation_id: str) -> Response:
    """Read an invitation."""
    return json_answer(_known(call, invitation_id))


def update_invitation_metadata(call: Call, invitation_id: str, body: MetadataPatch) -> Response:
    """Merge into the bags of a pending invitation."""
    check_some_bag(body)
    invitation = _pending(call, invitation_id)
    bags = merged_bags(bags_of(invitation), body, shared=True)
    return json_answer(invitations.change(call.connection, invitation, **bags))


def resend_invitation(call: Call, invitation_id: str) -> Response:
    """Mail a pending invitation again, so to speak."""
    return json_answer(_without_metadata(_pending(call, invitation_id)))


def revoke_invitation(call: Call, invitation_id: str) -> Response:
    """Withdraw a pending invitation."""
    invitation = _pending(call, invitation_id)
    invitations.change(call.connection, invitation, status="REVOKED", revoked_at=call.now)
    answer = Response(status=200)
    del answer.headers["Content-Type"]
    return answer


def _checked_days(days: Any) -> int:
    if days in {UNSET, None}:
        return _DEFAULT_DAYS
    if not 1 <= days <= _MOST_DAYS:
        raise bad_value(f"expiresInDays must be from 1 to {_MOST_DAYS}.")
    return int(days)


def _known(call: Call, invitation_id: str) -> InvitationDetail:
    invitation = invitations.find(call.connection, call.environment_id, invitation_id, call.now)
    if invitation is None:
        raise not_found("invitation")
    return invitation


def _pending(call: Call, invitation_id: str) -> InvitationDetail:
    invitation = _known(call, invitation_id)
    if invitation.status != "PENDING":
        raise Problem(
            409,
            "invitation_not_pending",
            "The invitation is not pending any more.",
            invitationStatus=invitation.status,
        )
    return invitation


def _without_metadata(invitation: InvitationDetail) -> Invitation:
    fields = structs.asdict(invitation)
    return Invitation(**{name: fields[name] for name in Invitation.__struct_fields__})


_ONE = "/invitations/<id:invitation_id>"
OPERATIONS = [
    Operation("GET", "/invitations", list_invitations),
    Operation("POST", "/invitations", create_invitation, CreateInvitation),
    Operation("GET", _ONE, get_invitation),
    Operation("PATCH", _ONE, update_invitation_metadata, MetadataPatch),
    Operation("DELETE", _ONE, revoke_invitation),
    Operation("POST", f"{_ONE}/resend", resend_invitation),
]
