"""The keywords of both ToriiProxy classes, checked when a proxy is made."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Collection
from typing import Any, Callable, Optional, TypedDict
from urllib.parse import urlsplit

from torii_backend._guard.request import IncomingRequest
from torii_backend.errors import ConfigurationError
from torii_backend.settings import (
    HTTP_TOKEN,
    Issuer,
    check_address,
    is_async_function,
    require_non_negative_int,
    require_seconds,
    resolve_insecure_hosts,
    resolve_issuers,
    without_secrets,
)

ClientIP = Callable[[IncomingRequest], Optional[str]]

DEFAULT_TIMEOUT = (3.0, 30.0)
DEFAULT_MAX_BODY = 1_048_576
DEFAULT_POOL_SIZE = 32
_LEAST_SECONDS = 0.1


class ProxyOptions(TypedDict, total=False):
    """The keywords of `ToriiProxy`.

    Attributes:
        issuer: your tenant host, such as https://acme.torii.so. TORII_ISSUER is read if you leave it
            out. Requests are sent to this host, whatever they say.
        upstream: the host to send requests to, such as https://acme.torii.so, if it isn't the issuer, or
            if there are several issuers.
        timeout: two numbers of seconds: for a connection, and for each wait for bytes. (3, 30) by
            default.
        max_body: the most bytes that the body of a request may have, 1 MiB by default. A larger one
            gets a 413.
        client_ip: a function that takes the `IncomingRequest`, and returns the address of the client,
            or None. Torii gets it as X-Forwarded-For. None by default: no address is sent.
        drop_cookies: names of cookies that aren't for Torii. The session and CSRF cookies of Django
            and Flask are always left out.
        pool_size: the most idle connections that a process, or an event loop, keeps. 32 by default.
        ssl_context: an `ssl.SSLContext` that verifies the upstream, such as one with the CA of your
            company.
    """

    issuer: Issuer
    upstream: Optional[str]
    timeout: tuple[float, float]
    max_body: int
    client_ip: Optional[ClientIP]
    drop_cookies: Collection[str]
    pool_size: int
    ssl_context: Optional[ssl.SSLContext]


DEFAULTS: dict[str, object] = {
    "upstream": None,
    "timeout": DEFAULT_TIMEOUT,
    "max_body": DEFAULT_MAX_BODY,
    "client_ip": None,
    "drop_cookies": (),
    "pool_size": DEFAULT_POOL_SIZE,
    "ssl_context": None,
}


class Upstream:
    """The one place that requests are sent to.

    Attributes:
        scheme: https, or http on loopback.
        host: the name or the address, an IPv6 one without brackets.
        port: the port; None if it is the default of the scheme.
        authority: what Host says.
    """

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.scheme: bytes = parts.scheme.encode("ascii")
        self.host: bytes = (parts.hostname or "").encode("ascii")
        default = {"https": 443, "http": 80}[parts.scheme]
        self.port: Optional[int] = None if parts.port == default else parts.port
        name = b"[%b]" % self.host if b":" in self.host else self.host
        self.authority: bytes = name if self.port is None else b"%b:%d" % (name, self.port)


class ProxySettings:
    """The checked keywords of a `ToriiProxy`."""

    def __init__(
        self,
        *,
        issuer: Issuer = None,
        upstream: Optional[str] = None,
        timeout: tuple[float, float] = DEFAULT_TIMEOUT,
        max_body: int = DEFAULT_MAX_BODY,
        client_ip: Optional[ClientIP] = None,
        drop_cookies: Collection[str] = (),
        pool_size: int = DEFAULT_POOL_SIZE,
        ssl_context: Optional[ssl.SSLContext] = None,
    ) -> None:
        self.upstream: Upstream = _resolve_upstream(issuer, upstream)
        self.connect_seconds: float
        self.wait_seconds: float
        self.connect_seconds, self.wait_seconds = _require_timeout(timeout)
        self.max_body: int = require_non_negative_int(max_body, "max_body")
        self._client_ip = _require_client_ip(client_ip)
        self.drop_cookies: frozenset[bytes] = _require_names(drop_cookies)
        self.pool_size: int = require_non_negative_int(pool_size, "pool_size")
        self.ssl_context: Optional[ssl.SSLContext] = _require_context(ssl_context)

    def client_address(self, request: IncomingRequest) -> Optional[str]:
        """Return the client's address as `client_ip` gives it; None if it gives none, or no address."""
        address = None if self._client_ip is None else self._client_ip(request)
        # A zone, as in fe80::1%eth0, may be any text.
        if not isinstance(address, str) or "%" in address:
            return None
        try:
            return str(ipaddress.ip_address(address))
        except ValueError:
            return None


def _resolve_upstream(issuer: Issuer, upstream: Optional[str]) -> Upstream:
    if upstream is None:
        first, *others = resolve_issuers(issuer)
        if others:
            raise ConfigurationError(
                "upstream must be set if there are several issuers, such as https://acme.torii.so."
            )
        return Upstream(_origin(first, "issuer"))
    if issuer is not None:
        resolve_issuers(issuer)
    address = without_secrets(upstream)
    if not isinstance(address, str):
        raise ConfigurationError("upstream must be a URL such as https://acme.torii.so.")
    address = address.strip()
    check_address(
        address, "upstream", "URL such as https://acme.torii.so", resolve_insecure_hosts()
    )
    return Upstream(_origin(address, "upstream"))


def _origin(address: str, name: str) -> str:
    parts = urlsplit(address)
    if parts.path not in ("", "/"):
        raise ConfigurationError(
            f"{name} must be a URL without path, such as https://acme.torii.so."
        )
    if not address.isascii():
        raise ConfigurationError(f"{name} must be ASCII, such as https://xn--bcher-kva.example.")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _require_timeout(timeout: Any) -> tuple[float, float]:
    if not isinstance(timeout, (tuple, list)) or len(timeout) != 2:
        raise ConfigurationError("timeout must be two numbers of seconds, such as (3, 30).")
    connect, wait = (require_seconds(seconds, "timeout") for seconds in timeout)
    if min(connect, wait) < _LEAST_SECONDS:
        raise ConfigurationError(
            f"timeout must be at least {_LEAST_SECONDS} seconds each, such as (3, 30)."
        )
    return connect, wait


def _require_client_ip(client_ip: Any) -> Optional[ClientIP]:
    if client_ip is not None and (not callable(client_ip) or is_async_function(client_ip)):
        raise ConfigurationError(
            "client_ip must be a plain function of the request that returns an address."
        )
    return client_ip  # type: ignore[no-any-return]


def _require_names(names: Any) -> frozenset[bytes]:
    fault = "drop_cookies must be a list of names of cookies, such as ['sessionid']."
    if isinstance(names, (str, bytes)) or not isinstance(names, Collection):
        raise ConfigurationError(fault)
    if not all(isinstance(name, str) and HTTP_TOKEN.match(name) for name in names):
        raise ConfigurationError(fault)
    return frozenset(name.encode("ascii") for name in names)


def _require_context(context: Any) -> Optional[ssl.SSLContext]:
    if context is None:
        return None
    if not isinstance(context, ssl.SSLContext):
        raise ConfigurationError(
            "ssl_context must be an ssl.SSLContext, such as ssl.create_default_context()."
        )
    if context.verify_mode != ssl.CERT_REQUIRED or not context.check_hostname:
        raise ConfigurationError(
            "ssl_context must verify certificates and host names, as ssl.create_default_context() does."
        )
    return context
