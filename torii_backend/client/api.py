"""Api: all resources of the REST API, and `request` for what they do not cover."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, overload

from msgspec import UNSET

from torii_backend.client._transport.request import ApiRequest, describe_custom
from torii_backend.client._transport.response import ApiResponse
from torii_backend.client.allowed_origins import AllowedOriginsResource
from torii_backend.client.dispatch import (
    AsyncDispatch,
    DispatchT,
    RawAsyncDispatch,
    RawSyncDispatch,
    Resource,
    SyncDispatch,
    operation,
)
from torii_backend.client.impersonation import Impersonation
from torii_backend.client.invitations import Invitations
from torii_backend.client.organizations import Organizations
from torii_backend.client.sessions import Sessions
from torii_backend.client.types import Query, Timeout
from torii_backend.client.users import Users

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    # PEP 696: without `into`, a call returns plain JSON, which is Any.
    T = TypeVar("T", default=Any)
else:
    from typing import TypeVar

    T = TypeVar("T")


class Api(Resource[DispatchT]):
    """All resources of the REST API.

    Attributes:
        users: accounts, their status and their metadata.
        sessions: the live sign-ins of users.
        organizations: organizations and their members.
        invitations: invitations to the environment by email.
        impersonation: tokens for acting as a user.
        allowed_origins: allowed origins in addition to those of web applications.
    """

    def __init__(self, dispatch: DispatchT) -> None:
        super().__init__(dispatch)
        self.users: Users[DispatchT] = Users(dispatch)
        self.sessions: Sessions[DispatchT] = Sessions(dispatch)
        self.organizations: Organizations[DispatchT] = Organizations(dispatch)
        self.invitations: Invitations[DispatchT] = Invitations(dispatch)
        self.impersonation: Impersonation[DispatchT] = Impersonation(dispatch)
        self.allowed_origins: AllowedOriginsResource[DispatchT] = AllowedOriginsResource(dispatch)

    # A decorator can't keep T, so type checkers see what `operation` makes of the method below.
    if TYPE_CHECKING:

        @overload
        def request(
            self: Api[SyncDispatch],
            method: str,
            path: str,
            *,
            query: Query = None,
            body: Any = UNSET,
            into: type[T] = ...,  # pyright: ignore[reportInvalidTypeVarUse]
            timeout: Timeout = None,
        ) -> T: ...

        @overload
        def request(
            self: Api[RawSyncDispatch],
            method: str,
            path: str,
            *,
            query: Query = None,
            body: Any = UNSET,
            into: type[T] = ...,  # pyright: ignore[reportInvalidTypeVarUse]
            timeout: Timeout = None,
        ) -> ApiResponse[T]: ...

        @overload
        def request(
            self: Api[AsyncDispatch],
            method: str,
            path: str,
            *,
            query: Query = None,
            body: Any = UNSET,
            into: type[T] = ...,  # pyright: ignore[reportInvalidTypeVarUse]
            timeout: Timeout = None,
        ) -> Coroutine[None, None, T]: ...

        @overload
        def request(
            self: Api[RawAsyncDispatch],
            method: str,
            path: str,
            *,
            query: Query = None,
            body: Any = UNSET,
            into: type[T] = ...,  # pyright: ignore[reportInvalidTypeVarUse]
            timeout: Timeout = None,
        ) -> Coroutine[None, None, ApiResponse[T]]: ...

        def request(self, *args: Any, **kwargs: Any) -> Any:
            """Call an endpoint that this package does not know yet."""

    else:

        @operation
        def request(
            self,
            method: str,
            path: str,
            *,
            query: Query = None,
            body: Any = UNSET,
            into: type[T] = Any,
            timeout: Timeout = None,
        ) -> ApiRequest[T]:
            """Call an endpoint that this package does not know yet.

            Args:
                method: GET, POST, PUT, PATCH or DELETE.
                path: below /api/server/v1, or from the root of the host if it begins with /api/. Ids in
                    it must be percent-encoded.
                query: names and values; several values repeat the name.
                body: what to send as JSON, structs and dataclasses included; nothing by default.
                into: the type to decode the response into, such as a struct, a dataclass or
                    `dict[str, int]`; plain JSON by default, NoneType if there is no body.
                timeout: seconds for this call.

            Returns:
                The decoded response.
            """
            return describe_custom(method, path, into=into, query=query, body=body, timeout=timeout)
