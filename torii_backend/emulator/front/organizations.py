"""The user's organizations: list, switch, invite and accept."""

from __future__ import annotations

from datetime import timedelta

from werkzeug.wrappers import Request, Response

from torii_backend.client.models import OrganizationMember
from torii_backend.emulator.front.frontend import (
    Caller,
    Frontend,
    private,
    read_json,
    token_response,
)
from torii_backend.emulator.front.links import redirect_origin, with_ticket
from torii_backend.emulator.front.records import front_organizations
from torii_backend.emulator.front.shapes import (
    ACCEPT,
    INVITE,
    INVITING_ROLES,
    ORGANIZATIONS,
    SWITCH,
    AcceptRequest,
    FrontOrganization,
    InviteRequest,
    OrganizationInvitation,
)
from torii_backend.emulator.responses import RequestError, json_response
from torii_backend.emulator.rest.request_context import RequestContext
from torii_backend.emulator.routes import Route
from torii_backend.emulator.store import members, organizations, sessions, tickets
from torii_backend.emulator.validation import is_email

_PURPOSE = "organization_invitation"
_INVITATION_LIFETIME = timedelta(days=7)


class Organizations:
    """The endpoints below `/_torii/organizations`."""

    def __init__(self, frontend: Frontend) -> None:
        self._frontend = frontend

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            private("GET", ORGANIZATIONS, self._list),
            private("POST", SWITCH, self._switch),
            private("POST", INVITE, self._invite),
            private("POST", ACCEPT, self._accept),
        ]

    def _list(self, request: Request) -> Response:
        with self._frontend.transaction() as context:
            caller = self._frontend.caller(context, request)
            found = front_organizations(context.connection, caller.user.id)
        return json_response(found)

    def _switch(self, request: Request, organization_id: str) -> Response:
        """Make an organization the active one of the session, and return a token that says so."""
        with self._frontend.transaction() as context:
            caller = self._frontend.caller(context, request)
            _require_member(context, caller, organization_id)
            if caller.session is None:
                raise RequestError(
                    400, "no_session", "This access token was issued without a session."
                )
            session = sessions.change(
                context.connection, caller.session, active_organization_id=organization_id
            )
            issued = self._frontend.sign_in.issue_for_session(
                context.connection, session, caller.user
            )
        return token_response(issued)

    def _invite(self, request: Request, organization_id: str) -> Response:
        body = read_json(request, InviteRequest)
        if not is_email(body.email):
            raise _invalid("email must be an email address, such as ada@example.com.")
        if not body.role:
            raise _invalid("role must be a role of the organization, such as member.")
        with self._frontend.transaction() as context:
            caller = self._frontend.caller(context, request)
            member = _require_member(context, caller, organization_id)
            if member.role not in INVITING_ROLES:
                raise RequestError(403, "forbidden", "This role can't invite others.")
            target = f"{context.issuer}{ACCEPT}" if body.redirect_url is None else body.redirect_url
            if redirect_origin(context, target) is None:
                raise _invalid("redirectUrl must be a URL on a loopback or an allowed origin.")
            expires_at = context.now + _INVITATION_LIFETIME
            invitation = OrganizationInvitation(
                organization_id=organization_id,
                email=body.email,
                role=body.role,
                expires_at=expires_at,
            )
            data = {
                "organization_id": organization_id,
                "email": body.email.lower(),
                "role": body.role,
            }
            ticket = tickets.issue(
                context.connection, _PURPOSE, data, at=context.now, expires_at=expires_at
            )
            context.mail(body.email, "organization_invitation", link=with_ticket(target, ticket))
        return json_response(invitation, 201)

    def _accept(self, request: Request) -> Response:
        """Join the organization of an invitation that was mailed to the caller's address."""
        body = read_json(request, AcceptRequest)
        with self._frontend.transaction() as context:
            caller = self._frontend.caller(context, request)
            data = tickets.find(context.connection, _PURPOSE, body.ticket, context.now)
            if data is None:
                raise RequestError(400, "invalid_ticket", "The ticket is unknown, used or expired.")
            if (caller.user.email or "").lower() != data["email"]:
                raise RequestError(403, "forbidden", "The invitation is for another address.")
            tickets.use_up(context.connection, body.ticket)
            joined = _join(context, caller, data["organization_id"], data["role"])
        return json_response(joined)


def _require_member(
    context: RequestContext, caller: Caller, organization_id: str
) -> OrganizationMember:
    member = members.find(context.connection, organization_id, caller.user.id)
    if member is None:
        raise RequestError(404, "organization_not_found", "Organization not found.")
    return member


def _join(
    context: RequestContext, caller: Caller, organization_id: str, role: str
) -> FrontOrganization:
    """Make the caller a member. A member keeps their role."""
    organization = organizations.find(context.connection, context.environment_id, organization_id)
    if organization is None:
        raise RequestError(404, "organization_not_found", "Organization not found.")
    member = members.find(context.connection, organization_id, caller.user.id)
    if member is None:
        member = OrganizationMember(
            organization_id=organization_id,
            user_id=caller.user.id,
            role=role,
            joined_at=context.now,
            public_metadata={},
            private_metadata={},
        )
        members.put(context.connection, member)
        context.publish("organization.member_added", member)
    return FrontOrganization(
        id=organization.id, name=organization.name, slug=organization.slug, role=member.role
    )


def _invalid(message: str) -> RequestError:
    return RequestError(400, "invalid_request", message)
