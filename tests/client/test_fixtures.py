"""Every case of patch-wire.json through the public methods, against a server that records."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable, NamedTuple, Union

import pytest

from torii_backend import ToriiUpdateUserInput
from torii_backend.client import AsyncToriiClient, ToriiClient

from .conftest import KEY
from .documents import INVITATION_DETAIL, MEMBER, ORGANIZATION, USER
from .records import page
from .server import ApiServer, Received, as_json
from .wire import snake

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "patch-wire.json").read_text("utf-8")
)
SENT = [case for case in CASES if case["body"] is not None]
REFUSED = [case for case in CASES if case["body"] is None]
API = "/api/server/v1"

Client = Union[ToriiClient, AsyncToriiClient]


class Operation(NamedTuple):
    """How an operation of the cases is called, and its response."""

    method: str
    path: str
    call: Callable[..., Any]
    response: Any


OPERATIONS = {
    "createUser": Operation(
        "POST", "/users", lambda torii, **given: torii.users.create(**given), USER
    ),
    "searchUsers": Operation(
        "POST", "/users/search", lambda torii, **given: torii.users.list(**given), page(USER)
    ),
    "updateUser": Operation(
        "PATCH", "/users/u1", lambda torii, **given: torii.users.update("u1", **given), USER
    ),
    "updateUserMetadata": Operation(
        "PATCH",
        "/users/u1/metadata",
        lambda torii, **given: torii.users.update_metadata("u1", **given),
        USER,
    ),
    "updateOrganizationMetadata": Operation(
        "PATCH",
        "/organizations/o1/metadata",
        lambda torii, **given: torii.organizations.update_metadata("o1", **given),
        ORGANIZATION,
    ),
    "updateMemberMetadata": Operation(
        "PATCH",
        "/organizations/o1/members/u1/metadata",
        lambda torii, **given: torii.organizations.update_member_metadata("o1", "u1", **given),
        MEMBER,
    ),
    "updateInvitationMetadata": Operation(
        "PATCH",
        "/invitations/i1",
        lambda torii, **given: torii.invitations.update_metadata("i1", **given),
        INVITATION_DETAIL,
    ),
}


def arguments(case: dict[str, Any]) -> dict[str, Any]:
    """Give the keywords that say what the case says."""
    given = {snake(name): value for name, value in case["call"]["set"].items()}
    return {**given, **{snake(name): None for name in case["call"]["clear"]}}


def as_patch(case: dict[str, Any]) -> dict[str, Any]:
    """Give the same as a ToriiUpdateUserInput."""
    return {"patch": ToriiUpdateUserInput(**arguments(case))}


def sent_in(request: Received) -> tuple[str, str, str, Any]:
    """Give what arrived: method, target, type and value of the body."""
    return request.method, request.target, request.headers["Content-Type"], request.json


def wanted_of(case: dict[str, Any]) -> tuple[str, str, str, Any]:
    """Give what has to arrive."""
    operation = OPERATIONS[case["operation"]]
    return operation.method, API + operation.path, "application/json", case["body"]


def forms_of(case: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the case in each form that its method takes."""
    yield arguments(case)
    if case["operation"] == "updateUser":
        yield as_patch(case)


def test_every_operation_has_cases_and_each_has_its_own_name() -> None:
    names = [case["name"] for case in CASES]
    assert sorted(names) == sorted(set(names))
    assert {case["operation"] for case in CASES} == set(OPERATIONS)
    assert SENT and REFUSED


@pytest.mark.parametrize("case", SENT, ids=lambda case: case["name"])
def test_a_case_is_sent_as_it_must_be(
    case: dict[str, Any], server: ApiServer, torii: ToriiClient
) -> None:
    operation = OPERATIONS[case["operation"]]
    server.respond_with(as_json(operation.response))
    forms = list(forms_of(case))
    for form in forms:
        operation.call(torii, **form)

    assert [sent_in(request) for request in server.requests] == [wanted_of(case)] * len(forms)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["name"])
def test_a_case_without_a_body_is_refused_before_anything_is_sent(
    case: dict[str, Any], server: ApiServer, torii: ToriiClient
) -> None:
    operation = OPERATIONS[case["operation"]]
    (cleared,) = case["call"]["clear"]
    for form in forms_of(case):
        with pytest.raises((TypeError, ValueError), match=f"^{snake(cleared)} "):
            operation.call(torii, **form)

    assert server.requests == []


def test_the_asynchronous_client_sends_and_refuses_the_same(server: ApiServer) -> None:
    ran: list[str] = []

    async def run(torii: AsyncToriiClient, case: dict[str, Any]) -> None:
        operation = OPERATIONS[case["operation"]]
        for form in forms_of(case):
            server.requests.clear()
            server.respond_with(as_json(operation.response))
            if case["body"] is None:
                with pytest.raises((TypeError, ValueError)):
                    await operation.call(torii, **form)
                assert server.requests == [], case["name"]
            else:
                await operation.call(torii, **form)
                assert [sent_in(request) for request in server.requests] == [wanted_of(case)]
        ran.append(case["name"])

    async def run_all() -> None:
        async with AsyncToriiClient(KEY, api_url=server.url, max_retries=0) as torii:
            for case in CASES:
                await run(torii, case)

    asyncio.run(run_all())
    assert ran == [case["name"] for case in CASES]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_every_member_of_the_schema_is_an_argument(
    case: dict[str, Any], torii: ToriiClient
) -> None:
    methods: dict[str, Callable[..., Any]] = {
        "createUser": torii.users.create,
        "searchUsers": torii.users.list,
        "updateUser": torii.users.update,
        "updateUserMetadata": torii.users.update_metadata,
        "updateOrganizationMetadata": torii.organizations.update_metadata,
        "updateMemberMetadata": torii.organizations.update_member_metadata,
        "updateInvitationMetadata": torii.invitations.update_metadata,
    }
    method = methods[case["operation"]]
    call = case["call"]
    members = [*call["set"], *call["clear"], *call["leave"]]
    assert {snake(name) for name in members} <= set(inspect.signature(method).parameters)
