"""One GET as the Verifier makes it, and the step at which it failed."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, Optional, Union
from urllib.parse import urlsplit

import requests
from requests.exceptions import ConnectTimeout, InvalidProxyURL, InvalidSchema, ProxyError
from requests.utils import get_environ_proxies, select_proxy
from urllib3.exceptions import (
    HTTPError,
    LocationParseError,
    NewConnectionError,
    ProxySchemeUnknown,
)
from urllib3.exceptions import SSLError as CertificateRefused

from torii_backend._keys.deadline import Deadline
from torii_backend._keys.fetch import MAX_BYTES, _is_set_up_fault, _proxies
from torii_backend.client._transport.failures import _causes
from torii_backend.settings import is_local, package_version, without_secrets

# In the order in which a request takes them.
Step = Literal["ca_bundle", "proxy", "dns", "tcp", "tls", "response"]


class Reply(NamedTuple):
    """A response of any status, whose body is cut off beyond MAX_BYTES."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float  # how long it took
    clock: float  # our time when the server wrote its headers, give or take `seconds`
    expires_at: Optional[float]  # when the certificate expires; None without TLS


class Failure(NamedTuple):
    """No response, and a clause that says what happened at which step."""

    step: Step
    clause: str


def get(url: str, timeout: float) -> Union[Reply, Failure]:
    """Send one request with the proxies and certificates of `fetch`; follow no redirect."""
    started, deadline = time.monotonic(), Deadline(timeout)
    if proxy_of(url) == "":
        return Failure("proxy", "the URL of the configured proxy has no host")
    try:
        with requests.Session() as session, deadline:
            response = deadline.watched(session).get(
                url,
                timeout=timeout,
                stream=True,
                allow_redirects=False,
                auth=lambda request: request,
                headers={
                    "User-Agent": f"torii-backend/{package_version()}",
                    "Accept": "application/json",
                    "Accept-Encoding": "identity",
                },
                **_proxies(session, url),
            )
            with response:
                clock, expires_at = time.time(), _expiry(response)
                body = b"".join(_pieces(response))
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        return _failure(error, timeout, is_late=deadline.is_over)
    if deadline.is_over:
        return _too_late(timeout)
    seconds = time.monotonic() - started
    return Reply(response.status_code, response.headers, body, seconds, clock, expires_at)


def proxy_of(url: str) -> Optional[str]:
    """Return the proxy that a request to a URL goes through, without its password; None for none."""
    # Neither a Verifier nor the client asks a proxy for them.
    if is_local(url):
        return None
    proxy = select_proxy(url, get_environ_proxies(url))
    return host_of(proxy if "://" in proxy else f"//{proxy}") if proxy else None


def host_of(url: str) -> str:
    """Return the host of a URL, with its port if it names one; empty if it has none."""
    try:
        # A password may have a slash, which would end the host.
        netloc: str = urlsplit(without_secrets(url)).netloc
    except ValueError:
        return ""
    return netloc.rpartition("@")[2]


def _pieces(response: requests.Response) -> Any:
    total = 0
    for piece in response.iter_content(16 * 1024):
        yield piece
        total += len(piece)
        if total > MAX_BYTES:
            return


def _expiry(response: requests.Response) -> Optional[float]:
    # Not from the connection, which http.client lets go of if the server will close it.
    stream = getattr(getattr(response.raw, "_fp", None), "fp", None)
    sock = getattr(getattr(stream, "raw", None), "_sock", None)
    certificate: Any = sock.getpeercert() if isinstance(sock, ssl.SSLSocket) else None
    return ssl.cert_time_to_seconds(certificate["notAfter"]) if certificate else None


# From the cause that tells most to the one that tells least.
_CAUSES: tuple[tuple[tuple[type[BaseException], ...], Step, str], ...] = (
    (
        (InvalidProxyURL, InvalidSchema, ProxySchemeUnknown),
        "proxy",
        "the URL of the configured proxy can't be used",
    ),
    # requests reads the target of a redirect, even if it isn't to follow it.
    ((UnicodeDecodeError,), "response", "the response can't be read"),
    ((UnicodeError, LocationParseError), "dns", "the host name is not valid"),
    ((ssl.SSLCertVerificationError,), "tls", "the certificate is not trusted"),
    ((ssl.SSLError,), "tls", "the TLS handshake failed"),
    # urllib3 1.26 compares the names of a certificate by itself.
    ((CertificateRefused,), "tls", "the certificate is not trusted (Hostname mismatch)"),
    ((ProxyError,), "proxy", "it can't be reached"),
    ((socket.gaierror,), "dns", "the host name can't be resolved"),
    ((ConnectionRefusedError,), "tcp", "the connection was refused"),
    ((NewConnectionError, ConnectTimeout), "tcp", "it does not accept a connection"),
    ((ValueError,), "response", "the response can't be read"),
)

_CLOSED: tuple[tuple[type[BaseException], ...], Step, str] = (
    (),
    "response",
    "the connection was closed early",
)


def _failure(error: Exception, timeout: float, *, is_late: bool) -> Failure:
    causes = list(_causes(error))
    found = (row for row in _CAUSES if _first(causes, *row[0]))
    kinds, step, clause = next(found, _CLOSED)
    is_of_file = _is_set_up_fault(error) and not isinstance(error, ValueError)
    if is_of_file and step not in {"proxy", "dns"}:
        return Failure("ca_bundle", "a configured certificate file is missing or holds none")
    if step == "tls" and not is_late:
        distrust: Any = _first(causes, ssl.SSLCertVerificationError)
        reason = distrust.verify_message.rstrip(".") if distrust else ""
        return Failure("tls", f"{clause} ({reason})" if reason else clause)
    if step == "proxy" and ProxyError in kinds:
        return Failure("proxy", _of_proxy(causes) or clause)
    is_timeout = is_late or _first(causes, requests.Timeout, TimeoutError, socket.timeout)
    return (
        _too_late(timeout) if step in {"tls", "response"} and is_timeout else Failure(step, clause)
    )


def _too_late(timeout: float) -> Failure:
    return Failure("response", f"no whole response within {timeout:g} seconds")


def _first(causes: list[BaseException], *kinds: type[BaseException]) -> Optional[BaseException]:
    return next((cause for cause in causes if isinstance(cause, kinds)), None)


def _of_proxy(causes: list[BaseException]) -> str:
    for cause in causes:
        # http.client raises it, with the status of the proxy's response.
        status = re.match(r"Tunnel connection failed: (\d{3})", str(cause))
        if isinstance(cause, OSError) and status:
            return f"it refused the connection with status {status[1]}"
    return ""
