"""How the upstream is reached: the trusted certificates, and the outbound proxy of the environment.

Both are what the variables say that requests reads too, so keys and requests go the same way.
"""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Any, Optional
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi

from torii_backend.errors import ConfigurationError
from torii_backend.proxy.library import httpcore
from torii_backend.proxy.message import OutgoingRequest
from torii_backend.proxy.settings import ProxySettings, Upstream
from torii_backend.settings import is_loopback

# Torii's edge keeps idle connections for longer, so it rarely closes one that is about to be used.
IDLE_SECONDS = 30.0


class Route:
    """How requests reach the upstream.

    Args:
        settings: of the proxy.

    Attributes:
        settings: of the proxy.
        tls: verifies the upstream; None for plain http.
        proxy: the outbound proxy, if there is one.
    """

    def __init__(self, settings: ProxySettings) -> None:
        self._timeout = {
            "connect": settings.connect_seconds,
            "read": settings.wait_seconds,
            "write": settings.wait_seconds,
        }
        is_tls = settings.upstream.scheme == b"https"
        self.settings: ProxySettings = settings
        self.tls: Optional[ssl.SSLContext] = None
        if is_tls:
            self.tls = settings.ssl_context or _default_context()
        self.proxy: Optional[httpcore.Proxy] = _outbound_proxy(settings.upstream)

    def request(self, request: OutgoingRequest, body: Any) -> httpcore.Request:
        """Return a request in the form of httpcore."""
        upstream = self.settings.upstream
        url = httpcore.URL(
            scheme=upstream.scheme, host=upstream.host, port=upstream.port, target=request.target
        )
        return httpcore.Request(
            request.method,
            url,
            headers=request.headers,
            content=body,
            extensions={"timeout": self._timeout},
        )


def _outbound_proxy(upstream: Upstream) -> Optional[httpcore.Proxy]:
    """Return the proxy that HTTPS_PROXY names, unless the upstream is a loopback one or in NO_PROXY."""
    host = upstream.host.decode("ascii")
    if (
        upstream.scheme != b"https"
        or is_loopback(host)
        or proxy_bypass(f"{host}:{upstream.port or 443}")
    ):
        return None
    found = getproxies()
    address = found.get("https") or found.get("all")
    if not address:
        return None
    if "://" not in address:
        address = f"http://{address}"
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname or not parts.hostname.isascii():
        raise ConfigurationError("HTTPS_PROXY must be a URL such as http://proxy.example:3128.")
    url = httpcore.URL(scheme=parts.scheme, host=parts.hostname, port=port, target="/")
    if parts.username is None:
        return httpcore.Proxy(url)
    user, password = (unquote(part or "").encode() for part in (parts.username, parts.password))
    return httpcore.Proxy(url, auth=(user, password))


def _default_context() -> ssl.SSLContext:
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
    bundle = bundle or certifi.where()
    try:
        if Path(bundle).is_dir():
            return ssl.create_default_context(capath=bundle)
        return ssl.create_default_context(cafile=bundle)
    except OSError:
        raise ConfigurationError(
            "REQUESTS_CA_BUNDLE or SSL_CERT_FILE must be a file of certificates."
        ) from None
