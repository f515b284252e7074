"""The organizations and their members."""

from __future__ import annotations

from werkzeug.wrappers import Response

from torii_backend.client.inputs import MetadataPatch
from torii_backend.client.models import Organization
from torii_backend.emulator.answers import json_answer
from torii_backend.emulator.rest.bags import bags_of, check_some_bag, merged_bags
from torii_backend.emulator.rest.call import Call
from torii_backend.emulator.rest.operation import Operation
from torii_backend.emulator.rest.paging import paging
from torii_backend.emulator.rest.problem import not_found
from torii_backend.emulator.store import members, organizations


def list_organizations(call: Call) -> Response:
    """List the organizations whose name contains a text."""
    wanted = paging(call.query)
    found = organizations.search(
        call.connection,
        call.environment_id,
        call.query.get("name", ""),
        after=wanted.after,
        most=wanted.most,
    )
    return json_answer(wanted.page(found, lambda organization: organization.id))


def get_organization(call: Call, organization_id: str) -> Response:
    """Read an organization."""
    return json_answer(_known(call, organization_id))


def update_organization_metadata(call: Call, organization_id: str, body: MetadataPatch) -> Response:
    """Merge into the bags of an organization."""
    check_some_bag(body)
    organization = _known(call, organization_id)
    bags = merged_bags(bags_of(organization), body, shared=False)
    return json_answer(organizations.change(call.connection, organization, **bags))


def list_members(call: Call, organization_id: str) -> Response:
    """List the members of an organization, in order of the users' ids."""
    organization, wanted = _known(call, organization_id), paging(call.query)
    found = members.of_organization(
        call.connection, organization.id, after=wanted.after, most=wanted.most
    )
    return json_answer(wanted.page(found, lambda member: member.user_id))


def update_member_metadata(
    call: Call, organization_id: str, user_id: str, body: MetadataPatch
) -> Response:
    """Merge into the bags of a membership."""
    check_some_bag(body)
    organization = _known(call, organization_id)
    member = members.find(call.connection, organization.id, user_id)
    if member is None:
        raise not_found("member")
    bags = merged_bags(bags_of(member), body, shared=False)
    return json_answer(members.change(call.connection, member, **bags))


def list_user_organizations(call: Call, user_id: str) -> Response:
    """List the organizations of a user."""
    user, wanted = call.reachable_user(user_id), paging(call.query)
    found = members.of_user(call.connection, user.id, after=wanted.after, most=wanted.most)
    return json_answer(wanted.page(found, lambda membership: membership.organization_id))


def _known(call: Call, organization_id: str) -> Organization:
    organization = organizations.find(call.connection, call.environment_id, organization_id)
    if organization is None:
        raise not_found("organization")
    return organization


_ONE = "/organizations/<id:organization_id>"
OPERATIONS = [
    Operation("GET", "/organizations", list_organizations),
    Operation("GET", _ONE, get_organization),
    Operation("PATCH", f"{_ONE}/metadata", update_organization_metadata, MetadataPatch),
    Operation("GET", f"{_ONE}/members", list_members),
    Operation(
        "PATCH", f"{_ONE}/members/<id:user_id>/metadata", update_member_metadata, MetadataPatch
    ),
    Operation("GET", "/users/<id:user_id>/organizations", list_user_organizations),
]
