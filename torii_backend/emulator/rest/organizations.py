"""The organizations and their members."""

from __future__ import annotations

from werkzeug.wrappers import Response

from torii_backend.client.inputs import MetadataPatch
from torii_backend.client.models import Organization
from torii_backend.emulator.responses import json_response
from torii_backend.emulator.rest.metadata import merge_metadata, metadata_of, require_some_metadata
from torii_backend.emulator.rest.operation import Operation
from torii_backend.emulator.rest.paging import parse_page_request
from torii_backend.emulator.rest.problem import not_found
from torii_backend.emulator.rest.request_context import RequestContext
from torii_backend.emulator.store import members, organizations


def list_organizations(context: RequestContext) -> Response:
    """List organizations, filtered by a text in the name."""
    page_request = parse_page_request(context.query)
    found = organizations.search(
        context.connection,
        context.environment_id,
        context.query.get("name", ""),
        after=page_request.after,
        limit=page_request.fetch_limit,
    )
    return json_response(page_request.page(found, lambda organization: organization.id))


def get_organization(context: RequestContext, organization_id: str) -> Response:
    """Return an organization."""
    return json_response(_known(context, organization_id))


def update_organization_metadata(
    context: RequestContext, organization_id: str, body: MetadataPatch
) -> Response:
    """Merge metadata into an organization."""
    require_some_metadata(body)
    organization = _known(context, organization_id)
    metadata = merge_metadata(metadata_of(organization), body, shared_limit=False)
    changed = organizations.change(context.connection, organization, **metadata)
    return json_response(context.publish("organization.updated", changed))


def list_members(context: RequestContext, organization_id: str) -> Response:
    """List the members of an organization, in order of the users' ids."""
    organization, page_request = _known(context, organization_id), parse_page_request(context.query)
    found = members.of_organization(
        context.connection,
        organization.id,
        after=page_request.after,
        limit=page_request.fetch_limit,
    )
    return json_response(page_request.page(found, lambda member: member.user_id))


def update_member_metadata(
    context: RequestContext, organization_id: str, user_id: str, body: MetadataPatch
) -> Response:
    """Merge metadata into a membership."""
    require_some_metadata(body)
    organization = _known(context, organization_id)
    member = members.find(context.connection, organization.id, user_id)
    if member is None:
        raise not_found("member")
    metadata = merge_metadata(metadata_of(member), body, shared_limit=False)
    changed = members.change(context.connection, member, **metadata)
    return json_response(context.publish("organization.member_updated", changed))


def list_user_organizations(context: RequestContext, user_id: str) -> Response:
    """List the organizations of a user."""
    user, page_request = context.user_or_403(user_id), parse_page_request(context.query)
    found = members.of_user(
        context.connection, user.id, after=page_request.after, limit=page_request.fetch_limit
    )
    return json_response(page_request.page(found, lambda membership: membership.organization_id))


def _known(context: RequestContext, organization_id: str) -> Organization:
    organization = organizations.find(context.connection, context.environment_id, organization_id)
    if organization is None:
        raise not_found("organization")
    return organization


_ONE = "/organizations/{organization_id}"
OPERATIONS = [
    Operation("GET", "/organizations", list_organizations),
    Operation("GET", _ONE, get_organization),
    Operation("PATCH", f"{_ONE}/metadata", update_organization_metadata, MetadataPatch),
    Operation("GET", f"{_ONE}/members", list_members),
    Operation("PATCH", _ONE + "/members/{user_id}/metadata", update_member_metadata, MetadataPatch),
    Operation("GET", "/users/{user_id}/organizations", list_user_organizations),
]
