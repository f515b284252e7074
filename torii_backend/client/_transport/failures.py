"""Fault: what became of a try that got no answer, in words of our own."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Literal, NamedTuple, Optional

import requests
from urllib3.exceptions import NewConnectionError, ProxySchemeUnknown


class Fault(NamedTuple):
    """A try that got no answer.

    Attributes:
        kind: `unsent`, before the first byte of the request left; `broken`, afterwards or perhaps
            so; `timeout`, sent but not answered in time; `misconfigured`, not sent and never to
            be, as things are.
        message: one sentence about it, without the address.
        is_timeout: whether time ran out, in either phase.
    """

    kind: Literal["unsent", "broken", "timeout", "misconfigured"]
    message: str
    is_timeout: bool = False


_BAD_PROXY = Fault("misconfigured", "The address of the configured proxy is not usable.")

_FAULTS: dict[type[BaseException], Fault] = {
    requests.exceptions.InvalidSchema: Fault(
        "misconfigured",
        "Torii's API is out of reach: the session has no adapter for it, or SOCKS needs PySocks.",
    ),
    requests.exceptions.InvalidProxyURL: _BAD_PROXY,
    ProxySchemeUnknown: _BAD_PROXY,
    ssl.SSLCertVerificationError: Fault("broken", "The certificate of Torii's API is not trusted."),
    socket.gaierror: Fault("unsent", "The host of Torii's API has no known address."),
    ConnectionRefusedError: Fault("unsent", "The connection to Torii's API was refused."),
    NewConnectionError: Fault("unsent", "Torii's API cannot be reached."),
}


def fault_of(error: Exception, timeout: tuple[float, float]) -> Fault:
    """Classify what requests or urllib3 raised.

    The error itself goes no further: it holds the request, and with it the secret key.

    Args:
        error: the exception.
        timeout: the seconds that were granted for connecting and for reading.
    """
    connect, read = timeout
    if isinstance(error, requests.ConnectTimeout):
        return Fault("unsent", f"No connection to Torii's API within {connect:g} seconds.", True)
    if isinstance(error, requests.Timeout):
        return no_answer_within(read)
    if type(error) is OSError and error.errno is None:  # requests' own, before it connects
        return Fault("misconfigured", "A certificate file that is configured does not exist.")
    causes = list(_causes(error))
    for kind, fault in _FAULTS.items():
        if any(isinstance(cause, kind) for cause in causes):
            return fault
    return Fault("broken", "The connection to Torii's API broke before the answer.")


def no_answer_within(seconds: float) -> Fault:
    """Make the fault of an answer that did not come in time."""
    return Fault("timeout", f"Torii's API did not answer within {seconds:g} seconds.", True)


def _causes(error: Optional[BaseException]) -> Iterator[BaseException]:
    while error is not None:
        yield error
        # urllib3 keeps the cause in an attribute, among the arguments, or as Python does.
        named = (getattr(error, "reason", None), *error.args, error.__cause__, error.__context__)
        error = next((cause for cause in named if isinstance(cause, BaseException)), None)
