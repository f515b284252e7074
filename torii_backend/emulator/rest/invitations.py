"""Invitations by email."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from msgspec import UNSET, structs
from werkzeug.wrappers import Response

from torii_backend.client.inputs import CreateInvitation, MetadataPatch
from torii_backend.client.models import Invitation, InvitationDetail
from torii_backend.emulator.front.links import with_ticket
from torii_backend.emulator.front.shapes import INVITED_SIGN_UP
from torii_backend.emulator.ids import new_id
from torii_backend.emulator.responses import json_response
from torii_backend.emulator.rest.metadata import merge_metadata, metadata_of, require_some_metadata
from torii_backend.emulator.rest.operation import Operation
from torii_backend.emulator.rest.paging import Page, parse_page_request
from torii_backend.emulator.rest.problem import Problem, invalid_request, not_found
from torii_backend.emulator.rest.request_context import RequestContext
from torii_backend.emulator.store import invitations, tickets, users
from torii_backend.emulator.validation import is_email, web_origin

_DEFAULT_DAYS = 7
_MOST_DAYS = 365
_STATUSES = {"PENDING", "ACCEPTED", "REVOKED", "EXPIRED"}


def create_invitation(context: RequestContext, body: CreateInvitation) -> Response:
    """Create an invitation. Its link goes to the mailbox."""
    days = _require_days(body.expires_in_days)
    if not is_email(body.email):
        raise invalid_request("email must be an email address, such as ada@example.com.")
    if isinstance(body.redirect_url, str) and web_origin(body.redirect_url) is None:
        raise invalid_request("redirectUrl must be an http or https URL.")
    if users.email_is_taken(context.connection, context.environment_id, body.email):
        raise Problem(409, "account_exists", "An account with this email already exists.")
    invitation = InvitationDetail(
        id=new_id(),
        environment_id=context.environment_id,
        email=body.email,
        status="PENDING",
        expires_at=context.now + timedelta(days=days),
        created_at=context.now,
        **merge_metadata({"public_metadata": {}, "private_metadata": {}}, body, shared_limit=True),
    )
    invitations.add(context.connection, invitation)
    _mail(context, invitation, body.redirect_url)
    return json_response(_without_metadata(invitation), 201)


def list_invitations(context: RequestContext) -> Response:
    """List invitations, filtered by status and by a text in the email."""
    page_request = parse_page_request(context.query)
    statuses = None
    if "status" in context.query:
        statuses = sorted(
            {status.upper() for status in context.query.getlist("status")} & _STATUSES
        )
    found = invitations.search(
        context.connection,
        context.environment_id,
        statuses=statuses,
        text=context.query.get("search", ""),
        at=context.now,
        after=page_request.after,
        limit=page_request.fetch_limit,
    )
    page: Page[Invitation] = page_request.page(
        [_without_metadata(invitation) for invitation in found], lambda invitation: invitation.id
    )
    return json_response(page)


def get_invitation(context: RequestContext, invitation_id: str) -> Response:
    """Return an invitation."""
    return json_response(_known(context, invitation_id))


def update_invitation_metadata(
    context: RequestContext, invitation_id: str, body: MetadataPatch
) -> Response:
    """Merge metadata into a pending invitation."""
    require_some_metadata(body)
    invitation = _pending(context, invitation_id)
    metadata = merge_metadata(metadata_of(invitation), body, shared_limit=True)
    return json_response(invitations.change(context.connection, invitation, **metadata))


def resend_invitation(context: RequestContext, invitation_id: str) -> Response:
    """Put another link into the mailbox, without the page that the first one leads to."""
    invitation = _pending(context, invitation_id)
    _mail(context, invitation)
    return json_response(_without_metadata(invitation))


def revoke_invitation(context: RequestContext, invitation_id: str) -> Response:
    """Revoke a pending invitation."""
    invitation = _pending(context, invitation_id)
    invitations.change(context.connection, invitation, status="REVOKED", revoked_at=context.now)
    response = Response(status=200)
    del response.headers["Content-Type"]
    return response


def _require_days(days: Any) -> int:
    if days in {UNSET, None}:
        return _DEFAULT_DAYS
    if not 1 <= days <= _MOST_DAYS:
        raise invalid_request(f"expiresInDays must be from 1 to {_MOST_DAYS}.")
    return int(days)


def _known(context: RequestContext, invitation_id: str) -> InvitationDetail:
    invitation = invitations.find(
        context.connection, context.environment_id, invitation_id, context.now
    )
    if invitation is None:
        raise not_found("invitation")
    return invitation


def _pending(context: RequestContext, invitation_id: str) -> InvitationDetail:
    invitation = _known(context, invitation_id)
    if invitation.status != "PENDING":
        raise Problem(
            409,
            "invitation_not_pending",
            "The invitation is no longer pending.",
            invitationStatus=invitation.status,
        )
    return invitation


def _mail(context: RequestContext, invitation: Invitation, redirect_url: Any = None) -> None:
    url = redirect_url if isinstance(redirect_url, str) else context.issuer + INVITED_SIGN_UP
    ticket = tickets.issue(
        context.connection,
        "invitation",
        {"id": invitation.id},
        at=context.now,
        expires_at=invitation.expires_at,
    )
    context.mail(invitation.email, "invitation", link=with_ticket(url, ticket))


def _without_metadata(invitation: InvitationDetail) -> Invitation:
    fields = structs.asdict(invitation)
    return Invitation(**{name: fields[name] for name in Invitation.__struct_fields__})


_ONE = "/invitations/{invitation_id}"
OPERATIONS = [
    Operation("GET", "/invitations", list_invitations),
    Operation("POST", "/invitations", create_invitation, CreateInvitation),
    Operation("GET", _ONE, get_invitation),
    Operation("PATCH", _ONE, update_invitation_metadata, MetadataPatch),
    Operation("DELETE", _ONE, revoke_invitation),
    Operation("POST", f"{_ONE}/resend", resend_invitation),
]
