"""ToriiClient and AsyncToriiClient: Torii's REST API, blocking and awaited."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Optional, TypeVar, Union

import requests
from msgspec import UNSET

from torii_backend.client._transport.request import (
    ApiRequest,
    describe_custom,
    require_timeout,
)
from torii_backend.client._transport.threads import ThreadPool
from torii_backend.client._transport.transport import Transport
from torii_backend.client.allowed_origins import AllowedOriginsResource
from torii_backend.client.custom import (
    AsyncCustomCall,
    AsyncRawCustomCall,
    CustomCall,
    RawCustomCall,
)
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
from torii_backend.client.secret_key import SecretKey
from torii_backend.client.sessions import Sessions
from torii_backend.client.types import Query, Timeout
from torii_backend.client.users import Users
from torii_backend.errors import ConfigurationError
from torii_backend.settings import require_non_negative_int, resolve_api_url, without_key

T = TypeVar("T")

DEFAULT_TIMEOUT = (5.0, 30.0)
DEFAULT_MAX_RETRIES = 2
DEFAULT_POOL_SIZE = 32

# In a variable, because a parameter of type[T] may not have a default of its own.
_PLAIN_JSON: Any = Any


class Api(Resource[DispatchT]):
    """All resources of the REST API, with one dispatch.

    Attributes:
        users: accounts, their status and their metadata.
        sessions: the live sign-ins of users.
        organizations: organizations and their members.
        invitations: mails that invite to the environment.
        impersonation: tokens for acting as a user.
        allowed_origins: origins that are let in besides web applications.
    """

    def __init__(self, dispatch: DispatchT) -> None:
        super().__init__(dispatch)
        self.users: Users[DispatchT] = Users(dispatch)
        self.sessions: Sessions[DispatchT] = Sessions(dispatch)
        self.organizations: Organizations[DispatchT] = Organizations(dispatch)
        self.invitations: Invitations[DispatchT] = Invitations(dispatch)
        self.impersonation: Impersonation[DispatchT] = Impersonation(dispatch)
        self.allowed_origins: AllowedOriginsResource[DispatchT] = AllowedOriginsResource(dispatch)

    @operation
    def request(
        self,
        method: str,
        path: str,
        *,
        query: Query = None,
        body: Any = UNSET,
        into: type[T] = _PLAIN_JSON,
        timeout: Timeout = None,
    ) -> ApiRequest[T]:
        """Call an endpoint that this package does not know yet.

        Args:
            method: GET, POST, PUT, PATCH or DELETE.
            path: from the root of the host if it begins with /api/, else below /api/server/v1; ids
                in it must be percent-encoded.
            query: names and values; several values repeat the name.
            body: what to send as JSON, structs and dataclasses included; nothing by default.
            into: what to decode the answer into: a struct, a dataclass, `dict[str, int]` and so on;
                plain JSON by default, NoneType where there is no body.
            timeout: seconds for this call.

        Returns:
            The decoded answer.
        """
        return describe_custom(method, path, into=into, query=query, body=body, timeout=timeout)


class RawApi(Api[RawSyncDispatch]):
    """All resources, whose calls give an `ApiResponse`."""

    if TYPE_CHECKING:
        request: RawCustomCall  # type: ignore[assignment]


class AsyncRawApi(Api[RawAsyncDispatch]):
    """All resources, whose awaited calls give an `ApiResponse`."""

    if TYPE_CHECKING:
        request: AsyncRawCustomCall  # type: ignore[assignment]


class ToriiClient(Api[SyncDispatch]):
    """Torii's REST API, for blocking code. One client serves all threads.

    Use it as a context manager, or close it, to give its connections back at once.

    Args:
        secret_key: `sk_live_…` or `sk_test_…`; left out, TORII_SECRET_KEY is read.
        api_url: the address of the API; left out, TORII_API_URL is read, else Torii's own.
        timeout: seconds for connecting and for each wait for the answer, as one number or as a
            pair; (5, 30) by default. Each method takes a timeout for its own call, too.
        max_retries: how many times a call is tried again where that is safe; 0 for never.
        pool_size: how many idle connections are kept.
        session: a requests session of yours, for its adapters, proxies, certificates and headers.
            Its `auth`, cookies and response hooks are passed by. You close it.

    Attributes:
        with_raw_response: the same resources, whose calls give an `ApiResponse`.

    Raises:
        ConfigurationError: a setting is wrong, or there is no secret key.

    Every method raises `ToriiApiError` or a subclass where the answer is not a usable success,
    `ToriiConnectionError` or `ToriiTimeout` where there is none, `TypeError` or `ValueError` for
    arguments that cannot be sent, and `RuntimeError` once the client is closed.
    """

    if TYPE_CHECKING:
        request: CustomCall  # type: ignore[assignment]

    def __init__(
        self,
        secret_key: Optional[str] = None,
        *,
        api_url: Optional[str] = None,
        timeout: Union[float, tuple[float, float]] = DEFAULT_TIMEOUT,
        max_retries: int = DEFAULT_MAX_RETRIES,
        pool_size: int = DEFAULT_POOL_SIZE,
        session: Optional[requests.Session] = None,
    ) -> None:
        # From here on no variable holds the bare key: a traceback may show variables.
        key, api_url = SecretKey(secret_key), without_key(api_url)
        del secret_key
        self._transport = _transport(
            key,
            api_url=api_url,
            timeout=timeout,
            max_retries=max_retries,
            pool_size=pool_size,
            session=session,
        )
        self.with_raw_response: RawApi = RawApi(RawSyncDispatch(self._transport))
        super().__init__(SyncDispatch(self._transport))

    def close(self) -> None:
        """Close the connections, but not a session of yours; a second call does nothing."""
        self._transport.close()

    def __enter__(self) -> ToriiClient:
        return self

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("A client cannot be pickled or copied: make one in each process.")


class AsyncToriiClient(Api[AsyncDispatch]):
    """Torii's REST API, for asyncio. The methods are those of `ToriiClient`, awaited.

    Calls run on worker threads of the client's own, so the event loop never blocks; a call that is
    cancelled is over at once for the caller. One client serves any number of loops, one after the
    other or at the same time.

    Args:
        secret_key: see `ToriiClient`, as for the others that are not named here.
        api_url: see `ToriiClient`.
        timeout: see `ToriiClient`.
        max_retries: see `ToriiClient`.
        pool_size: how many calls are under way at a time, and how many idle connections are kept.
        session: see `ToriiClient`.

    Attributes:
        with_raw_response: the same resources, whose calls give an `ApiResponse`.

    Raises:
        ConfigurationError: a setting is wrong, or there is no secret key.
    """

    if TYPE_CHECKING:
        request: AsyncCustomCall  # type: ignore[assignment]

    def __init__(
        self,
        secret_key: Optional[str] = None,
        *,
        api_url: Optional[str] = None,
        timeout: Union[float, tuple[float, float]] = DEFAULT_TIMEOUT,
        max_retries: int = DEFAULT_MAX_RETRIES,
        pool_size: int = DEFAULT_POOL_SIZE,
        session: Optional[requests.Session] = None,
    ) -> None:
        # From here on no variable holds the bare key: a traceback may show variables.
        key, api_url = SecretKey(secret_key), without_key(api_url)
        del secret_key
        self._transport = _transport(
            key,
            api_url=api_url,
            timeout=timeout,
            max_retries=max_retries,
            pool_size=pool_size,
            session=session,
        )
        self._threads = ThreadPool(pool_size)
        raw = RawAsyncDispatch(self._transport, self._threads)
        self.with_raw_response: AsyncRawApi = AsyncRawApi(raw)
        super().__init__(AsyncDispatch(self._transport, self._threads))

    async def close(self) -> None:
        """Close the connections and the threads, but not a session of yours.

        Calls under way are not waited for; a second call does nothing.
        """
        self._transport.close()
        self._threads.close()

    async def __aenter__(self) -> AsyncToriiClient:
        return self

    async def __aexit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        await self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("A client cannot be pickled or copied: make one in each process.")


create_torii_client = ToriiClient
create_async_torii_client = AsyncToriiClient


def _transport(
    key: SecretKey,
    *,
    api_url: Optional[str],
    timeout: Timeout,
    max_retries: int,
    pool_size: int,
    session: Optional[requests.Session],
) -> Transport:
    key.check()
    if require_non_negative_int(pool_size, "pool_size") == 0:
        raise ConfigurationError("pool_size must be at least 1.")
    if not isinstance(session, (requests.Session, type(None))):
        raise ConfigurationError("session must be a requests.Session.")
    try:
        seconds = require_timeout(timeout)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(str(error)) from None
    if seconds is None:
        raise ConfigurationError("timeout must be a number of seconds: calls never wait for ever.")
    return Transport(
        key,
        resolve_api_url(api_url),
        session=session,
        pool_size=pool_size,
        timeout=seconds,
        max_retries=require_non_negative_int(max_retries, "max_retries"),
    )
