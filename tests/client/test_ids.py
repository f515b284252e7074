"""Ids: text in responses, text or UUIDs in arguments."""

from __future__ import annotations

from uuid import UUID

import pytest

from torii_backend.client import ToriiClient

from .documents import USER
from .operations import OPERATIONS, Operation
from .records import page
from .server import ApiServer, as_json


def test_ids_are_text(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(as_json(USER), as_json({**USER, "id": "user_ada"}))
    user = torii.users.get(USER["id"])
    assert type(user.id) is str
    assert user.id == USER["id"]
    # An id need not be a UUID.
    assert torii.users.get("user_ada").id == "user_ada"


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_an_id_may_be_a_uuid_or_text(
    operation: Operation, server: ApiServer, torii: ToriiClient
) -> None:
    server.respond_with(as_json(operation.response))
    operation.call(torii)
    operation._replace(ids={name: str(id_) for name, id_ in operation.ids.items()}).call(torii)
    as_uuid, as_text = server.requests
    assert (as_uuid.target, as_uuid.body) == (as_text.target, as_text.body)


def test_ids_in_filters_and_cursors_may_be_uuids(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(as_json(page()))
    one, two = UUID(int=1), UUID(int=2)
    torii.users.list(user_ids=[one, str(two)], organization_id=two, cursor=one)
    torii.organizations.list(cursor=one)
    torii.organizations.members(two, cursor=one)
    torii.invitations.list(cursor=one)
    torii.users.organizations(two, cursor=one)
    assert server.requests[0].json == {"userIds": [str(one), str(two)], "organizationId": str(two)}
    assert {request.query for request in server.requests} == {f"cursor={one}"}
