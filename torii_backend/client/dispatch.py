"""Faces: how one description of an operation is called, blocking or awaited, read or raw.

A resource describes each of its operations once, in a method that gives an `ApiRequest`. The dispatch of
the client that a resource belongs to decides what calling the method gives:

  SyncDispatch      `ToriiClient`                            the value
  RawSyncDispatch   `ToriiClient.with_raw_response`          an `ApiResponse` with the value
  AsyncDispatch       `AsyncToriiClient`                       an awaitable of the value
  RawAsyncDispatch    `AsyncToriiClient.with_raw_response`     an awaitable of the `ApiResponse`
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Iterator
from functools import wraps
from inspect import signature
from types import MethodType
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Generic,
    Optional,
    TypeVar,
    Union,
    get_args,
    get_type_hints,
    overload,
)

from torii_backend.client._transport.request import ApiRequest
from torii_backend.client._transport.response import ApiResponse
from torii_backend.client._transport.threads import ThreadPool
from torii_backend.client._transport.transport import Transport
from torii_backend.client.models import Page
from torii_backend.client.paging import Paginator

if TYPE_CHECKING:
    from typing_extensions import Concatenate, ParamSpec

    P = ParamSpec("P")
else:
    P = TypeVar("P")

T = TypeVar("T")


class SyncDispatch:
    """Calls wait for the answer and give its value."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def send(self, request: ApiRequest[T]) -> T:
        """Send a request; see `Transport.send`."""
        value: T = self._transport.send(request).value
        return value


class RawSyncDispatch:
    """Calls wait for the answer and give it whole."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def send(self, request: ApiRequest[T]) -> ApiResponse[T]:
        """Send a request; see `Transport.send`."""
        return self._transport.send(request)


class AsyncDispatch:
    """Calls are awaited and give the value of the answer."""

    def __init__(self, transport: Transport, threads: ThreadPool) -> None:
        self._transport = transport
        self._threads = threads

    async def send(self, request: ApiRequest[T]) -> T:
        """Send a request on a worker thread; see `Transport.send`."""
        value: T = (await self._threads.run(self._transport.send, request)).value
        return value


class RawAsyncDispatch:
    """Calls are awaited and give the answer whole."""

    def __init__(self, transport: Transport, threads: ThreadPool) -> None:
        self._transport = transport
        self._threads = threads

    async def send(self, request: ApiRequest[T]) -> ApiResponse[T]:
        """Send a request on a worker thread; see `Transport.send`."""
        return await self._threads.run(self._transport.send, request)


Dispatch = Union[SyncDispatch, RawSyncDispatch, AsyncDispatch, RawAsyncDispatch]
DispatchT = TypeVar("DispatchT", bound=Dispatch)


class Resource(Generic[DispatchT]):
    """A group of operations with the dispatch of the client that it belongs to."""

    def __init__(self, dispatch: DispatchT) -> None:
        self._dispatch: Any = dispatch


class operation(Generic[P, T]):  # noqa: N801 (a decorator)
    """A method of a resource that describes one call; calling it makes the call.

    Args:
        describe: takes the arguments of the call and gives the request.
    """

    def __init__(self, describe: Callable[Concatenate[Any, P], ApiRequest[T]]) -> None:
        self.__doc__ = describe.__doc__
        value = _argument(get_type_hints(describe)["return"])
        self._methods = {
            dispatch: _calling(dispatch, describe, value) for dispatch in get_args(Dispatch)
        }

    @overload
    def __get__(self, resource: None, owner: Any) -> Callable[Concatenate[Any, P], T]: ...

    @overload
    def __get__(self, resource: Resource[SyncDispatch], owner: Any) -> Callable[P, T]: ...

    @overload
    def __get__(
        self, resource: Resource[RawSyncDispatch], owner: Any
    ) -> Callable[P, ApiResponse[T]]: ...

    @overload
    def __get__(
        self, resource: Resource[AsyncDispatch], owner: Any
    ) -> Callable[P, Coroutine[None, None, T]]: ...

    @overload
    def __get__(
        self, resource: Resource[RawAsyncDispatch], owner: Any
    ) -> Callable[P, Coroutine[None, None, ApiResponse[T]]]: ...

    def __get__(self, resource: Any, owner: Any) -> Any:
        """Give the method, bound to its resource, in the form that the resource's dispatch has."""
        if resource is None:
            return self._methods[SyncDispatch]  # so that help() on a class shows methods
        return MethodType(self._methods[type(resource._dispatch)], resource)


class paginated(Generic[P, T]):  # noqa: N801 (a decorator)
    """A method of a resource that describes the first page; calling it iterates over all items.

    Args:
        describe: takes the arguments of the call and gives the request of the first page.
    """

    def __init__(self, describe: Callable[Concatenate[Any, P], ApiRequest[Page[T]]]) -> None:
        self.__doc__ = describe.__doc__
        item = _argument(_argument(get_type_hints(describe)["return"]))
        self._methods = {
            dispatch: _iterating(dispatch, describe, item)
            for dispatch in (SyncDispatch, AsyncDispatch)
        }

    @overload
    def __get__(self, resource: None, owner: Any) -> Callable[Concatenate[Any, P], Iterator[T]]: ...

    @overload
    def __get__(self, resource: Resource[SyncDispatch], owner: Any) -> Callable[P, Iterator[T]]: ...

    @overload
    def __get__(
        self, resource: Resource[AsyncDispatch], owner: Any
    ) -> Callable[P, AsyncIterator[T]]: ...

    def __get__(self, resource: Any, owner: Any) -> Any:
        """Give the method, bound to its resource, in the form that the resource's dispatch has."""
        if resource is None:
            return self._methods[SyncDispatch]  # so that help() on a class shows methods
        if type(resource._dispatch) not in self._methods:
            raise AttributeError("An paginated has no raw response: ask for its pages one by one.")
        return MethodType(self._methods[type(resource._dispatch)], resource)


def _calling(
    dispatch: type[Dispatch], describe: Callable[..., ApiRequest[Any]], value: Any
) -> Callable[..., Any]:
    """Make the method that makes the call; `value` is the type that it is about."""

    def call(resource: Resource[Any], *args: Any, **kwargs: Any) -> Any:
        return resource._dispatch.send(describe(resource, *args, **kwargs))

    async def call_awaited(resource: Resource[Any], *args: Any, **kwargs: Any) -> Any:
        return await resource._dispatch.send(describe(resource, *args, **kwargs))

    is_raw = dispatch in {RawSyncDispatch, RawAsyncDispatch}
    return _present(
        call_awaited if dispatch in {AsyncDispatch, RawAsyncDispatch} else call,
        describe,
        ApiResponse[value] if is_raw else value,
    )


def _iterating(
    dispatch: type[Dispatch], describe: Callable[..., ApiRequest[Any]], item: Any
) -> Callable[..., Any]:
    """Make the method that iterates; bad arguments are refused by the call, not by the loop."""
    walk = _walk_awaited if dispatch is AsyncDispatch else _walk

    def method(resource: Resource[Any], *args: Any, **kwargs: Any) -> Any:
        return walk(resource._dispatch, describe(resource, *args, **kwargs))

    kind: Any = AsyncIterator if dispatch is AsyncDispatch else Iterator
    return _present(method, describe, kind[item])


def _walk(dispatch: Any, first: ApiRequest[Page[T]]) -> Iterator[T]:
    pages = Paginator()
    request: Optional[ApiRequest[Page[T]]] = first
    while request is not None:
        page = dispatch.send(request)
        yield from page.items
        request = pages.next_request(request, page)


async def _walk_awaited(dispatch: Any, first: ApiRequest[Page[T]]) -> AsyncIterator[T]:
    pages = Paginator()
    request: Optional[ApiRequest[Page[T]]] = first
    while request is not None:
        page = await dispatch.send(request)
        for item in page.items:
            yield item
        request = pages.next_request(request, page)


def _argument(generic: Any) -> Any:
    """Give what stands between the brackets of a type."""
    (argument,) = get_args(generic)
    return None if argument is type(None) else argument


def _present(
    method: Callable[..., Any], describe: Callable[..., Any], returns: Any
) -> Callable[..., Any]:
    """Give a method the name, the documentation and the parameters of its description."""
    wraps(describe)(method)
    method.__annotations__ = {**describe.__annotations__, "return": returns}
    method.__signature__ = signature(describe).replace(return_annotation=returns)  # type: ignore[attr-defined]
    return method
