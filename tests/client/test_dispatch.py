"""Sync, async, raw: one description of each operation gives all of them."""

from __future__ import annotations

import asyncio
import inspect
import json
import pydoc
import re
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

from tests.emulator.rest.operations import OPERATIONS as PUBLISHED
from torii_backend import (
    ToriiClient,
    create_async_torii_client,
    create_torii_client,
)
from torii_backend.client import (
    ApiResponse,
    AsyncPageIterator,
    AsyncToriiClient,
    Organization,
    PageIterator,
    User,
)

from .conftest import KEY
from .operations import ITERATIONS, OPERATIONS, Operation
from .server import ApiServer, Response, as_json
from .wire import snake

RESOURCES = {
    "users": [
        "ban",
        "create",
        "delete",
        "get",
        "iterate",
        "iterate_organizations",
        "list",
        "organizations",
        "unban",
        "update",
        "update_metadata",
    ],
    "sessions": ["list_for_user", "revoke", "revoke_all_for_user"],
    "organizations": [
        "get",
        "iterate",
        "iterate_members",
        "list",
        "members",
        "update_member_metadata",
        "update_metadata",
    ],
    "invitations": [
        "create",
        "get",
        "iterate",
        "list",
        "resend",
        "revoke",
        "update_metadata",
    ],
    "impersonation": ["create_token"],
    "allowed_origins": ["get", "set"],
}
METHODS = [f"{resource}.{method}" for resource, methods in RESOURCES.items() for method in methods]
CALLS = [*[method for method in METHODS if method not in ITERATIONS], "request"]
REQUEST_PATHS = {operation.name: operation for operation in PUBLISHED}


@pytest.fixture
def later(server: ApiServer) -> AsyncToriiClient:
    """The asynchronous client of the same server; it starts no thread before its first call."""
    return AsyncToriiClient(KEY, api_url=server.url, max_retries=0)


def found(client: Any, path: str) -> Any:
    """Follow a path of names from a client on."""
    for name in path.split("."):
        client = getattr(client, name)
    return client


def parameters(method: Any) -> list[tuple[str, Any, Any]]:
    """Give name, kind and default of each parameter."""
    return [
        (parameter.name, parameter.kind, parameter.default)
        for parameter in inspect.signature(method).parameters.values()
    ]


def hints(method: Any) -> tuple[dict[str, Any], Any]:
    """Give the types of the parameters, and that of the result."""
    types = get_type_hints(method)
    return types, types.pop("return")


def test_the_client_has_these_methods_and_no_other(torii: ToriiClient) -> None:
    for resource, methods in RESOURCES.items():
        assert [n for n in dir(getattr(torii, resource)) if not n.startswith("_")] == methods
    names = {name for name in dir(torii) if not name.startswith("_")}
    assert names == {*RESOURCES, "request", "with_raw_response", "close"}


def test_every_published_operation_has_exactly_one_method() -> None:
    assert sorted(operation.name for operation in OPERATIONS) == sorted(REQUEST_PATHS)
    assert sorted([operation.method for operation in OPERATIONS] + [*ITERATIONS]) == sorted(METHODS)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_dispatch_calls_the_operation_and_returns_the_same(
    operation: Operation, server: ApiServer, torii: ToriiClient, later: AsyncToriiClient
) -> None:
    scripted = Response(204) if operation.response is None else as_json(operation.response)
    server.respond_with(scripted)

    async def awaited() -> tuple[Any, ApiResponse[Any]]:
        async with later:
            return await operation.call(later), await operation.call(later.with_raw_response)

    value = operation.call(torii)
    raw = operation.call(torii.with_raw_response)
    value_later, raw_later = asyncio.run(awaited())

    published = REQUEST_PATHS[operation.name]
    path = re.sub(
        r"\{(\w+)\}",
        lambda id_: str(operation.ids[snake(id_[1]).replace("member_", "")]),
        published.path,
    )
    assert [(request.method, request.target) for request in server.requests] == [
        (published.method, path)
    ] * 4
    assert len({request.body for request in server.requests}) == 1
    assert (value is None) == (operation.response is None)
    assert value == raw.value == value_later == raw_later.value
    for response in (raw, raw_later):
        assert isinstance(response, ApiResponse)
        assert (response.status, response.body) == (scripted.status, scripted.body)
        assert response.headers.get("content-type") == dict(scripted.headers).get("Content-Type")


@pytest.mark.parametrize("path", CALLS)
def test_the_dispatches_of_a_call_agree(
    path: str, torii: ToriiClient, later: AsyncToriiClient
) -> None:
    call = found(torii, path)
    types, value = hints(call)
    raw: Any = ApiResponse
    assert types.keys() == {name for name, _, _ in parameters(call)}
    assert not inspect.iscoroutinefunction(call)
    for client, returns in [
        (later, value),
        (torii.with_raw_response, raw[value]),
        (later.with_raw_response, raw[value]),
    ]:
        other = found(client, path)
        assert other.__name__ == call.__name__ == path.rpartition(".")[2]
        assert other.__doc__ == call.__doc__
        assert parameters(other) == parameters(call)
        assert hints(other) == (types, returns)
        assert (inspect.signature(other).return_annotation or type(None)) == returns
    assert inspect.iscoroutinefunction(found(later, path))
    assert inspect.iscoroutinefunction(found(later.with_raw_response, path))


@pytest.mark.parametrize("path", ITERATIONS)
def test_the_dispatches_of_an_iterator_agree(
    path: str, torii: ToriiClient, later: AsyncToriiClient
) -> None:
    walk, walk_later = found(torii, path), found(later, path)
    assert parameters(walk) == parameters(walk_later)
    assert walk.__doc__ == walk_later.__doc__
    types, returns = hints(walk)
    types_later, returns_later = hints(walk_later)
    assert types == types_later
    assert (get_origin(returns), get_origin(returns_later)) == (PageIterator, AsyncPageIterator)
    assert get_args(returns) == get_args(returns_later)


@pytest.mark.parametrize("path", ITERATIONS)
def test_an_iterator_takes_the_arguments_of_the_list(path: str, torii: ToriiClient) -> None:
    listing = found(torii, ITERATIONS[path])
    assert parameters(found(torii, path)) == parameters(listing)
    page_type = hints(listing)[1]
    assert get_args(page_type) == get_args(hints(found(torii, path))[1])


@pytest.mark.parametrize("path", ITERATIONS)
def test_an_iterator_has_no_raw_response(
    path: str, torii: ToriiClient, later: AsyncToriiClient
) -> None:
    for client in (torii, later):
        with pytest.raises(AttributeError, match="pages one by one"):
            found(client.with_raw_response, path)


def test_both_clients_are_made_alike() -> None:
    assert parameters(ToriiClient) == parameters(AsyncToriiClient)
    assert parameters(create_torii_client) == parameters(create_async_torii_client)
    assert hints(ToriiClient.__init__) == hints(AsyncToriiClient.__init__)
    assert isinstance(create_torii_client(KEY), ToriiClient)
    assert isinstance(create_async_torii_client(KEY), AsyncToriiClient)


@pytest.mark.parametrize("path", [*METHODS, "request"])
def test_every_method_documents_its_parameters_and_no_other(path: str, torii: ToriiClient) -> None:
    method = found(torii, path)
    text = inspect.getdoc(method)
    assert text is not None
    summary = text.partition("\n")[0]
    assert summary.endswith(".")
    arguments = text.partition("\nArgs:\n")[2].partition("\n\n")[0]
    documented = re.findall(r"^    (\w+): \S", arguments, re.MULTILINE)
    assert documented == [name for name, _, _ in parameters(method)]
    assert ("\nReturns:\n" in text) == (hints(method)[1] is not type(None))


@pytest.mark.parametrize("client", [ToriiClient, AsyncToriiClient])
def test_a_client_documents_its_parameters(client: Any) -> None:
    text = inspect.getdoc(client) or ""
    arguments = text.partition("\nArgs:\n")[2].partition("\n\n")[0]
    documented = re.findall(r"^    (\w+): \S", arguments, re.MULTILINE)
    assert documented == [name for name, _, _ in parameters(client)]


def test_help_reads_sensibly(torii: ToriiClient, later: AsyncToriiClient) -> None:
    text = pydoc.plain(pydoc.render_doc(torii.users.get))
    assert "get(user_id: 'Id', *, timeout: 'Timeout' = None) -> " in text
    assert "models.User" in text
    assert "    Read one user." in text
    assert "        user_id: the user." in text
    assert "async get(" in pydoc.plain(pydoc.render_doc(later.users.get))
    overview = pydoc.plain(pydoc.render_doc(torii.users))
    for name in RESOURCES["users"]:
        assert re.search(rf"^ \|  {name}\(", overview, re.MULTILINE), name


def test_one_response_of_each_type_is_typed(server: ApiServer, torii: ToriiClient) -> None:
    for operation in OPERATIONS:
        if operation.response is None:
            continue
        server.respond_with(as_json(operation.response))
        value = operation.call(torii)
        promised = hints(operation.of(torii))[1]
        assert isinstance(value, get_origin(promised) or promised), operation.name


def test_a_custom_request_decodes_into_what_it_is_told(
    server: ApiServer, torii: ToriiClient, later: AsyncToriiClient
) -> None:
    scripted = {"id": "o1", "name": "Acme", "createdAt": "2026-03-01T00:00:00Z"}
    metadata: dict[str, Any] = {"publicMetadata": {}, "privateMetadata": {}}
    server.respond_with(as_json({**scripted, **metadata}))

    async def awaited() -> Organization:
        async with later:
            return await later.request("GET", "/organizations/o1", into=Organization)

    organization = torii.request("GET", "/organizations/o1", into=Organization)
    assert isinstance(organization, Organization)
    assert asyncio.run(awaited()) == organization
    raw = torii.with_raw_response.request("GET", "/organizations/o1", into=Organization)
    assert raw.value == organization
    assert torii.request("GET", "/organizations/o1") == json.loads(raw.body)
    assert [request.target for request in server.requests] == [
        "/api/server/v1/organizations/o1"
    ] * 4


def test_types_are_those_of_the_package(torii: ToriiClient) -> None:
    assert hints(torii.users.get)[1] is User
    assert hints(torii.users.delete)[1] is type(None)
    assert hints(torii.users.get)[0]["timeout"] == Union[float, tuple[float, float], None]
