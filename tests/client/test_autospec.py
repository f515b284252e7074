"""unittest.mock.create_autospec: a mock of a client has its resources and their signatures."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any
from unittest import mock

import pytest

from torii_backend.client import AsyncToriiClient, ToriiClient

from .operations import ITERATIONS, OPERATIONS, Operation


def specified(client: type[Any], how: str) -> Any:
    if how == "instance":
        return mock.create_autospec(client, instance=True)
    return mock.create_autospec(client)("sk_test_1")


class Holder:
    """Where an app keeps its client."""

    torii = ToriiClient


@pytest.mark.parametrize("how", ["instance", "class"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.method)
def test_operations(operation: Operation, how: str) -> None:
    torii = specified(ToriiClient, how)
    for client in (torii, torii.with_raw_response):
        method: Any = operation.of(client)
        method.return_value = "found"
        assert operation.call(client) == "found"
        method.assert_called_once()
        with pytest.raises(TypeError):
            method(unknown=1)


@pytest.mark.parametrize("how", ["instance", "class"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.method)
def test_operations_awaited(operation: Operation, how: str) -> None:
    torii = specified(AsyncToriiClient, how)
    method: Any = operation.of(torii)
    method.return_value = "found"

    async def main() -> None:
        assert await operation.call(torii) == "found"
        method.assert_awaited_once()

    asyncio.run(main())


@pytest.mark.parametrize("path", ITERATIONS)
@pytest.mark.parametrize("client", [ToriiClient, AsyncToriiClient])
def test_iterators(client: type[Any], path: str) -> None:
    resource, method = path.split(".")
    iterate = getattr(getattr(specified(client, "instance"), resource), method)
    with pytest.raises(TypeError):
        iterate(unknown=1)


def test_the_rest() -> None:
    torii = specified(ToriiClient, "instance")
    torii.request("GET", "/things", body=7)
    torii.close()
    assert inspect.iscoroutinefunction(specified(AsyncToriiClient, "class").request)
    with pytest.raises(AttributeError):
        _ = torii.userz
    with pytest.raises(TypeError):
        torii.request()


def test_a_patch_of_the_name() -> None:
    with mock.patch.object(Holder, "torii", autospec=True) as made:
        made.return_value.users.delete.return_value = None
        assert Holder.torii("sk_test_1").users.delete("1") is None
        made.return_value.users.delete.assert_called_once_with("1")


@pytest.mark.parametrize("client", [ToriiClient, AsyncToriiClient])
def test_a_class_is_not_a_client(client: Any) -> None:
    async def main() -> None:
        await client.users.get("1")

    with pytest.raises(TypeError, match="Calls need a client"):
        asyncio.run(main())
    assert client("sk_test_1", api_url="http://127.0.0.1:1").users is not client.users
