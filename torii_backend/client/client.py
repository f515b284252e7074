"""ToriiClient and AsyncToriiClient: Torii's REST API, sync and async."""

from __future__ import annotations

from types import TracebackType
from typing import Any, NoReturn, Optional, Union

import requests

from torii_backend.auth import not_from_requests
from torii_backend.client._transport.request import require_timeout
from torii_backend.client._transport.threads import ThreadPool
from torii_backend.client._transport.transport import Transport
from torii_backend.client.api import Api
from torii_backend.client.dispatch import (
    AsyncDispatch,
    DispatchT,
    RawAsyncDispatch,
    RawSyncDispatch,
    SyncDispatch,
)
from torii_backend.client.secret_key import SecretKey
from torii_backend.client.types import Timeout, TokenRevoker
from torii_backend.errors import ConfigurationError
from torii_backend.settings import (
    InsecureHosts,
    require_non_negative_int,
    resolve_api_url,
    without_secrets,
)

DEFAULT_TIMEOUT = (5.0, 30.0)
DEFAULT_MAX_RETRIES = 2
DEFAULT_POOL_SIZE = 32


@not_from_requests("your_function")
class Client(Api[DispatchT]):
    """What both clients share: the settings and the transport."""

    def __init__(
        self,
        secret_key: Optional[str] = None,
        *,
        api_url: Optional[str] = None,
        insecure_hosts: InsecureHosts = None,
        timeout: Union[float, tuple[float, float]] = DEFAULT_TIMEOUT,
        max_retries: int = DEFAULT_MAX_RETRIES,
        pool_size: int = DEFAULT_POOL_SIZE,
        session: Optional[requests.Session] = None,
        revocations: Optional[TokenRevoker] = None,
    ) -> None:
        # From here on no variable holds the bare key or a password: a traceback may show variables.
        key, api_url = SecretKey(secret_key), without_secrets(api_url)
        del secret_key
        key.check()
        if require_non_negative_int(pool_size, "pool_size") == 0:
            raise ConfigurationError("pool_size must be at least 1.")
        if not isinstance(session, (requests.Session, type(None))):
            raise ConfigurationError("session must be a requests.Session.")
        if isinstance(revocations, type) or not isinstance(revocations, (TokenRevoker, type(None))):
            raise ConfigurationError("revocations must be an object, such as Revocations().")
        api_url = resolve_api_url(api_url, insecure_hosts)
        key.check_for(api_url)
        self._transport = Transport(
            key,
            api_url,
            session=session,
            pool_size=pool_size,
            timeout=_seconds(timeout),
            max_retries=require_non_negative_int(max_retries, "max_retries"),
            revocations=revocations,
        )
        super().__init__(self._make_dispatch())

    def _make_dispatch(self) -> DispatchT:
        raise NotImplementedError

    def __reduce__(self) -> NoReturn:
        raise TypeError("A client can't be pickled or copied. Make one in each process.")


class ToriiClient(Client[SyncDispatch]):
    """Torii's REST API, for blocking code. One client serves all threads.

    Use it as a context manager, or close it, to release its connections.

    Args:
        secret_key: `sk_live_…` or `sk_test_…`; TORII_SECRET_KEY if you leave it out.
        api_url: the URL of the API; TORII_API_URL if you leave it out, else Torii's own.
        insecure_hosts: names of hosts such as torii, which can't be public, that `api_url` may have with
            plain http; TORII_INSECURE_HOSTS if you leave it out.
        timeout: seconds for connecting and for each wait for data, as one number or as a
            (connect, read) pair; (5, 30) by default. Each method takes a timeout as well.
        max_retries: how many times a call is retried if that is safe; 0 to never retry.
        pool_size: how many idle connections are kept.
        session: your own requests session, for its adapters, proxies, certificates and headers.
            Its `auth`, cookies and response hooks are ignored. Close it yourself.
        revocations: a `Revocations`, which is told of users who are banned, deleted or signed out, so
            that their access tokens are refused; None by default.

    Attributes:
        with_raw_response: the same resources; calls return an `ApiResponse`.

    Raises:
        ConfigurationError: a setting is wrong, or there is no secret key.

    Every method raises `ToriiApiError` or a subclass if the response is not a usable success, and
    `ToriiConnectionError` or `ToriiTimeout` if there is none. It raises `TypeError` or `ValueError`
    if an argument can't be sent, and `RuntimeError` if the client is closed.
    """

    with_raw_response: Api[RawSyncDispatch]

    def _make_dispatch(self) -> SyncDispatch:
        self.with_raw_response = Api(RawSyncDispatch(self._transport))
        return SyncDispatch(self._transport)

    def close(self) -> None:
        """Close the connections, but not your own session. A second call does nothing."""
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


class AsyncToriiClient(Client[AsyncDispatch]):
    """Torii's REST API, for asyncio. The methods are those of `ToriiClient`, awaited.

    Calls run on the client's own threads, so the event loop never blocks. If you cancel a call, it
    returns at once. One client serves any number of event loops.

    Args:
        secret_key: see `ToriiClient`, as for the others that are not explained here.
        api_url: see `ToriiClient`.
        insecure_hosts: see `ToriiClient`.
        timeout: see `ToriiClient`.
        max_retries: see `ToriiClient`.
        pool_size: how many calls can be in progress, and how many idle connections are kept.
        session: see `ToriiClient`.
        revocations: see `ToriiClient`.

    Attributes:
        with_raw_response: the same resources; calls return an `ApiResponse`.

    Raises:
        ConfigurationError: a setting is wrong, or there is no secret key.
    """

    with_raw_response: Api[RawAsyncDispatch]
    _shown_as = AsyncDispatch

    def _make_dispatch(self) -> AsyncDispatch:
        self._threads = ThreadPool(self._transport.pool_size)
        self.with_raw_response = Api(RawAsyncDispatch(self._transport, self._threads))
        return AsyncDispatch(self._transport, self._threads)

    async def aclose(self) -> None:
        """Close the connections and the threads, but not your own session.

        It does not wait for calls in progress. A second call does nothing.
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
        await self.aclose()


class _NoTransport:
    """What the resources of a class have in place of a connection."""

    def send(self, *_: Any) -> NoReturn:
        raise TypeError("Calls need a client. Make one first, such as ToriiClient().")


def _show_resources(client: type[Client[Any]], api: Api[Any], raw: Api[Any]) -> None:
    """Give a class the attributes of its instances: `unittest.mock.create_autospec` asks the class."""
    for name, resource in vars(api).items():
        if not name.startswith("_"):
            setattr(client, name, resource)
    client.with_raw_response = raw  # type: ignore[attr-defined]


_nothing: Any = _NoTransport()
_show_resources(ToriiClient, Api(SyncDispatch(_nothing)), Api(RawSyncDispatch(_nothing)))
_show_resources(
    AsyncToriiClient,
    Api(AsyncDispatch(_nothing, _nothing)),
    Api(RawAsyncDispatch(_nothing, _nothing)),
)

create_torii_client = ToriiClient
create_async_torii_client = AsyncToriiClient


def _seconds(timeout: Timeout) -> tuple[float, float]:
    try:
        seconds = require_timeout(timeout)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(str(error)) from None
    if seconds is None:
        raise ConfigurationError("timeout must not be None: every call has a timeout.")
    return seconds
