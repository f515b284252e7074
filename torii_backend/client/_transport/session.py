"""Sessions: what the client makes, checks and asks of a `requests.Session`, its own or the user's."""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Mapping
from types import FunctionType
from typing import Any, Literal

import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection

from torii_backend.settings import HTTP_TOKEN, package_version

_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_HEADER_TYPES = (str, bytes, int, type(None))
_HEADERS = {
    "User-Agent": f"torii-backend/{package_version()}",
    "Accept": "application/json, application/problem+json",
}


def make_session(adapter: SingleHostAdapter) -> requests.Session:
    """Make the session of a client that is given none."""
    session = requests.Session()
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers.update(_HEADERS)
    return session


def is_replaced(session: requests.Session, name: Literal["request", "send"]) -> bool:
    """Return whether a method is not requests' own: mocked, wrapped, or overridden in a subclass."""
    method: Any = vars(session).get(name) or getattr(type(session), name)
    theirs: Any = vars(requests.sessions)
    # The function's module can't be imitated, unlike its name, and it doesn't matter whether the
    # method was replaced before this module was imported.
    return type(method) is not FunctionType or method.__globals__ is not theirs


def with_cookie_jar(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    """Add the empty cookie jar that `Session.send` needs when it is shown a redirect."""
    prepared.prepare_cookies({})
    return prepared


def require_sendable(headers: Mapping[Any, Any]) -> None:
    """Reject invalid session headers here: http.client's error would quote their values."""
    for name, value in headers.items():
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        word = name.decode("latin-1") if isinstance(name, bytes) else str(name)
        if not HTTP_TOKEN.match(word):
            raise ValueError(f"session.headers[{name!r}] must have a name such as X-Team.")
        if not isinstance(value, _HEADER_TYPES) or not _HEADER_VALUE.fullmatch(text):
            raise ValueError(f"session.headers[{name!r}] must be one line of Latin-1 characters.")


class SingleHostAdapter(HTTPAdapter):
    """An adapter for one host and fixed settings, which looks up their connection pool once."""

    # requests looks it up for each request, which takes a tenth of the time of a call. A test may replace
    # one of the functions that do so, and then it is asked.

    _pool: Any = None
    _found_by: tuple[Any, ...] = ()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> Any:
        """Make the pools of connections; the sockets notice if a firewall forgets them."""
        return super().init_poolmanager(*args, socket_options=_SOCKET_OPTIONS, **kwargs)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Do the same for connections through a proxy."""
        return super().proxy_manager_for(proxy, socket_options=_SOCKET_OPTIONS, **kwargs)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """Return the connection pool; requests before 2.32 calls another method."""
        functions = (
            HTTPAdapter.get_connection_with_tls_context,
            PoolManager.connection_from_host,
            PoolManager.connection_from_pool_key,
        )
        pool = self._pool
        if pool is None or self._found_by != functions:
            pool = self._pool = super().get_connection_with_tls_context(*args, **kwargs)
            self._found_by = functions
        return pool

    def close(self) -> None:
        """Drop the pool, which closes its connections."""
        self._pool = None
        super().close()


def is_stock(adapter: Any) -> bool:
    """Return whether an adapter is what requests mounts by itself, and nobody has changed it."""
    return (
        type(adapter) is HTTPAdapter
        and vars(adapter).keys() == vars(_STOCK).keys()
        and all(getattr(adapter, name) == getattr(_STOCK, name) for name in _SIZES)
        and adapter.max_retries.total == 0
        and type(adapter.poolmanager) is PoolManager
        and adapter.poolmanager.connection_pool_kw == _STOCK.poolmanager.connection_pool_kw
    )


_STOCK = HTTPAdapter()
_SIZES = ("_pool_connections", "_pool_maxsize", "_pool_block")


def _socket_options() -> list[tuple[int, int, int]]:
    usual: Any = HTTPConnection.default_socket_options
    options = [*usual, (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    # Seconds until the first probe, between probes, and their number; the system's are 2 hours.
    for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if sys.platform == "linux" and hasattr(socket, name):
            options.append((socket.IPPROTO_TCP, getattr(socket, name), value))
    return options


_SOCKET_OPTIONS = _socket_options()
