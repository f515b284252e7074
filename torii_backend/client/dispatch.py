"""Dispatch: how one description of an operation is called, sync or async, decoded or raw.

A resource describes each of its operations once, in a method that returns an `ApiRequest`. The
dispatch of the client that the resource belongs to decides what calling the method returns:

  SyncDispatch        `ToriiClient`                            the value
  RawSyncDispatch     `ToriiClient.with_raw_response`          an `ApiResponse` with the value
  AsyncDispatch       `AsyncToriiClient`                       an awaitable of the value
  RawAsyncDispatch    `AsyncToriiClient.with_raw_response`     an awaitable of the `ApiResponse`
"""

from __future__ import annotations

from collections.abc import Coroutine
from functools import wraps
from inspect import signature
from types import MethodType
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Generic,
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
from torii_backend.client.paging import AsyncPageIterator, PageIterator

if TYPE_CHECKING:
    from typing_extensions import Concatenate, ParamSpec

    P = ParamSpec("P")
else:
    P = TypeVar("P")

T = TypeVar("T")


class SyncDispatch:
    """Calls block and return the decoded value."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def send(self, request: ApiRequest[T]) -> T:
        """Send a request."""
        value: T = self._transport.send(request).value
        return value


class RawSyncDispatch:
    """Calls block and return the `ApiResponse`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def send(self, request: ApiRequest[T]) -> ApiResponse[T]:
        """Send a request."""
        return self._transport.send(request)


class AsyncDispatch:
    """Calls are awaited and return the decoded value."""

    def __init__(self, transport: Transport, threads: ThreadPool) -> None:
        self._transport = transport
        self._threads = threads

    async def send(self, request: ApiRequest[T]) -> T:
        """Send a request on a thread of the pool."""
        value: T = (await self._threads.send(self._transport, request)).value
        return value


class RawAsyncDispatch:
    """Calls are awaited and return the `ApiResponse`."""

    def __init__(self, transport: Transport, threads: ThreadPool) -> None:
        self._transport = transport
        self._threads = threads

    async def send(self, request: ApiRequest[T]) -> ApiResponse[T]:
        """Send a request on a thread of the pool."""
        return await self._threads.send(self._transport, request)


Dispatch = Union[SyncDispatch, RawSyncDispatch, AsyncDispatch, RawAsyncDispatch]
DispatchT = TypeVar("DispatchT", bound=Dispatch)


class Resource(Generic[DispatchT]):
    """A group of operations, called by way of one dispatch."""

    # How the operations look that a class shows: to help(), and to create_autospec.
    _shown_as: type[Dispatch] = SyncDispatch

    def __init__(self, dispatch: DispatchT) -> None:
        self._dispatch: Any = dispatch


class operation(Generic[P, T]):  # noqa: N801 (a decorator)
    """Turn a method that describes one call into one that makes it."""

    def __init__(self, describe: Callable[Concatenate[Any, P], ApiRequest[T]]) -> None:
        self.__doc__ = describe.__doc__
        value = _argument(get_type_hints(describe)["return"])
        kinds = get_args(Dispatch)
        self._methods = {kind: _calling(kind, describe, value) for kind in kinds}
        self._shown = {kind: _without_self(_calling(kind, describe, value)) for kind in kinds}

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
        """Return the bound method in the variant for the resource's dispatch."""
        if resource is None:
            return self._shown[owner._shown_as]
        return MethodType(self._methods[type(resource._dispatch)], resource)


class paginated(Generic[P, T]):  # noqa: N801 (a decorator)
    """Turn a method that describes the first page into one that iterates over all items."""

    def __init__(self, describe: Callable[Concatenate[Any, P], ApiRequest[Page[T]]]) -> None:
        self.__doc__ = describe.__doc__
        item = _argument(_argument(get_type_hints(describe)["return"]))
        self._methods: dict[type[Dispatch], Callable[..., Any]] = {
            SyncDispatch: _iterating(PageIterator, describe, item),
            AsyncDispatch: _iterating(AsyncPageIterator, describe, item),
        }

    @overload
    def __get__(
        self, resource: None, owner: Any
    ) -> Callable[Concatenate[Any, P], PageIterator[T]]: ...

    @overload
    def __get__(
        self, resource: Resource[SyncDispatch], owner: Any
    ) -> Callable[P, PageIterator[T]]: ...

    @overload
    def __get__(
        self, resource: Resource[AsyncDispatch], owner: Any
    ) -> Callable[P, AsyncPageIterator[T]]: ...

    def __get__(self, resource: Any, owner: Any) -> Any:
        """Return the bound method in the variant for the resource's dispatch."""
        if resource is None:
            return self._methods[SyncDispatch]  # so that help() on a class shows methods
        if type(resource._dispatch) not in self._methods:
            raise AttributeError("Iterators have no raw response. Request the pages one by one.")
        return MethodType(self._methods[type(resource._dispatch)], resource)


def _calling(
    dispatch: type[Dispatch], describe: Callable[..., ApiRequest[Any]], value: Any
) -> Callable[..., Any]:
    """Make the method that makes the call; `value` is the type that it returns."""

    def call(resource: Resource[Any], *args: Any, **kwargs: Any) -> Any:
        request = _described(describe, resource, args, kwargs)
        del args, kwargs  # reports of errors show variables, and a password may be among these
        if isinstance(request, Exception):
            raise request
        return resource._dispatch.send(request)

    async def call_awaited(resource: Resource[Any], *args: Any, **kwargs: Any) -> Any:
        request = _described(describe, resource, args, kwargs)
        del args, kwargs
        if isinstance(request, Exception):
            raise request
        return await resource._dispatch.send(request)

    is_raw = dispatch in {RawSyncDispatch, RawAsyncDispatch}
    return _present(
        call_awaited if dispatch in {AsyncDispatch, RawAsyncDispatch} else call,
        describe,
        ApiResponse[value] if is_raw else value,
    )


def _described(
    describe: Callable[..., ApiRequest[Any]], resource: Any, args: Any, kwargs: Any
) -> Union[ApiRequest[Any], Exception]:
    """Describe a call; give an error back without the frames that hold the arguments."""
    try:
        return describe(resource, *args, **kwargs)
    except (TypeError, ValueError) as error:
        return error.with_traceback(None)


def _without_self(method: Callable[..., Any]) -> Callable[..., Any]:
    """Show a method as it is called on an instance: mock takes it for a function of the class."""
    shown = signature(method)
    method.__signature__ = shown.replace(parameters=[*shown.parameters.values()][1:])  # type: ignore[attr-defined]
    return method


def _iterating(
    kind: Any, describe: Callable[..., ApiRequest[Any]], item: Any
) -> Callable[..., Any]:
    """Make the method that returns an iterator; it checks the arguments before the loop begins."""

    def method(resource: Resource[Any], *args: Any, **kwargs: Any) -> Any:
        return kind(resource._dispatch.send, describe(resource, *args, **kwargs))

    return _present(method, describe, kind[item])


def _argument(generic: Any) -> Any:
    """Return the `T` of `X[T]`."""
    (argument,) = get_args(generic)
    return None if argument is type(None) else argument


def _present(
    method: Callable[..., Any], describe: Callable[..., Any], returns: Any
) -> Callable[..., Any]:
    """Copy name, documentation and parameters to a method."""
    wraps(describe)(method)
    method.__annotations__ = {**describe.__annotations__, "return": returns}
    method.__signature__ = signature(describe).replace(return_annotation=returns)  # type: ignore[attr-defined]
    return method
