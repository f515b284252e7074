"""How `request` is typed: without `into` it gives plain JSON, of which nothing is known."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar, overload

from msgspec import UNSET

from torii_backend.client._transport.response import ApiResponse
from torii_backend.client.types import Query, Timeout

T = TypeVar("T")


class CustomCall(Protocol):
    """`ToriiClient.request`."""

    @overload
    def __call__(
        self,
        method: str,
        path: str,
        *,
        query: Query = None,
        body: Any = UNSET,
        timeout: Timeout = None,
    ) -> Any: ...

    @overload
    def __call__(
        self,
        method: str,
        path: str,
        *,
        query: Query = None,
        body: Any = UNSET,
        into: type[T],
        timeout: Timeout = None,
    ) -> T: ...


class RawCustomCall(Protocol):
    """`ToriiClient.with_raw_response.request`."""

    @overload
    def __call__(
        self,
        method: str,
        path: str,
        *,
        query: Query = None,
        body: Any = UNSET,
        timeout: Timeout = None,
    ) -> ApiResponse[Any]: ...

    @overload
    def __call__(
        self,
        method: str,
        path: str,
        *,
        query: Query = None,
        body: Any = UNSET,
        into: type[T],
        timeout: Timeout = None,
    ) -> ApiResponse[T]: ...


class AsyncCustomCall(Protocol):
    """`AsyncToriiClient.request`."""

    @overload
    def __call__(
        self,
        method: str,
        path: str,
        *,
        query: Query = None,
        body: Any = UNSET,
        timeout: Timeout = None,
    ) -> Coroutine[None, None, Any]: ...

    @overload
    def __call__(
        self,
        method: str,
        path: str,
        *,
        query: Query = None,
        body: Any = UNSET,
        into: type[T],
        timeout: Timeout = None,
    ) -> Coroutine[None, None, T]: ...


class AsyncRawCustomCall(Protocol):
    """`AsyncToriiClient.with_raw_response.request`."""

    @overload
    def __call__(
        self,
        method: str,
        path: str,
        *,
        query: Query = None,
        body: Any = UNSET,
        timeout: Timeout = None,
    ) -> Coroutine[None, None, ApiResponse[Any]]: ...

    @overload
    def __call__(
        self,
        method: str,
        path: str,
        *,
        query: Query = None,
        body: Any = UNSET,
        into: type[T],
        timeout: Timeout = None,
    ) -> Coroutine[None, None, ApiResponse[T]]: ...
