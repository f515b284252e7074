"""TransportFailure: why an attempt got no response. Pure."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from types import TracebackType
from typing import Literal, NamedTuple, Optional

import requests
from urllib3.exceptions import NewConnectionError, ProxySchemeUnknown


class TransportFailure(NamedTuple):
    """An attempt that got no response; the message never contains the URL."""

    # unsent: no byte of the request left. broken: some may have. timeout: sent, but no response in
    # time. misconfigured: no attempt can succeed until a setting changes.
    kind: Literal["unsent", "broken", "timeout", "misconfigured"]
    message: str
    is_timeout: bool = False  # in either phase, so it may go with `unsent`


_READING = "torii_backend.client._transport.content"

_BAD_PROXY = TransportFailure("misconfigured", "The URL of the configured proxy is not valid.")

_FAILURES: dict[type[BaseException], TransportFailure] = {
    requests.exceptions.InvalidSchema: TransportFailure(
        "misconfigured",
        "The session has no adapter for Torii's API. A SOCKS proxy needs PySocks.",
    ),
    requests.exceptions.InvalidProxyURL: _BAD_PROXY,
    ProxySchemeUnknown: _BAD_PROXY,
    ssl.SSLCertVerificationError: TransportFailure(
        "broken", "The certificate of Torii's API is not trusted."
    ),
    socket.gaierror: TransportFailure(
        "unsent", "The host name of Torii's API could not be resolved."
    ),
    ConnectionRefusedError: TransportFailure(
        "unsent", "The connection to Torii's API was refused."
    ),
    NewConnectionError: TransportFailure("unsent", "Torii's API could not be reached."),
}


def classify_failure(error: Exception, timeout: tuple[float, float]) -> TransportFailure:
    """Classify an exception of requests or urllib3, given the (connect, read) timeout."""
    # The exception itself is dropped: it holds the request, and with it the secret key.
    connect, read = timeout
    if isinstance(error, requests.ConnectTimeout):
        return TransportFailure(
            "unsent", f"No connection to Torii's API within {connect:g} seconds.", True
        )
    if isinstance(error, requests.Timeout):
        return read_timed_out(read)
    if type(error) is OSError and error.errno is None:  # requests' own, before it connects
        return TransportFailure("misconfigured", "A configured certificate file does not exist.")
    causes = list(_causes(error))
    for kind, failure in _FAILURES.items():
        if any(isinstance(cause, kind) for cause in causes):
            return failure
    return TransportFailure(
        "broken", "The connection to Torii's API broke before the response was complete."
    )


def read_timed_out(seconds: float) -> TransportFailure:
    """Return the failure for a response that did not arrive in time."""
    return TransportFailure(
        "timeout", f"Torii's API did not respond within {seconds:g} seconds.", True
    )


def drop_wire_frames(error: BaseException) -> None:
    """Cut a traceback where it leaves for requests, because variables below there show the key.

    A response, which may quote the key, is read there as well. An exception of an adapter's, a timeout by a signal or an interrupt may arise in any of them.
    """
    queue: list[Optional[BaseException]] = [error]
    seen: set[int] = set()
    while queue:
        found = queue.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        queue += [found.__cause__, found.__context__]
        step = found.__traceback__
        if step is not None and _is_wire(step):
            found.__traceback__ = None
            continue
        while step is not None and step.tb_next is not None:
            if _is_wire(step.tb_next):
                step.tb_next = None
            step = step.tb_next


def _is_wire(step: TracebackType) -> bool:
    module = str(step.tb_frame.f_globals.get("__name__"))
    return module.partition(".")[0] in {"requests", "urllib3", "http"} or module == _READING


def _causes(error: Optional[BaseException]) -> Iterator[BaseException]:
    while error is not None:
        yield error
        # urllib3 keeps the cause in an attribute, among the arguments, or as Python does.
        named = (getattr(error, "reason", None), *error.args, error.__cause__, error.__context__)
        error = next((cause for cause in named if isinstance(cause, BaseException)), None)
