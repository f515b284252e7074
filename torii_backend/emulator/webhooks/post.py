"""Send one delivery: a signed POST. No proxy is asked, no redirect followed."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from secrets import token_bytes
from threading import Timer
from typing import Any, Optional
from urllib.parse import urlsplit

import msgspec

from torii_backend.emulator.clock import machine_now
from torii_backend.emulator.webhook_signing import sign_webhook
from torii_backend.emulator.webhooks.delivery import DeliveryAttempt, Fault
from torii_backend.events.signing_keys import Secret
from torii_backend.settings import is_loopback

TIMEOUT_SECONDS = 15.0
LATE_SECONDS = 24 * 60 * 60
_SHOWN = 1000
# Ten is what a character of UTF-8 never takes.
_READ = _SHOWN * 10
_VISIBLE_ASCII = re.compile(r"[!-~]{1,2000}")


def require_url(name: str, url: object, *, allow_remote: bool) -> str:
    """Return a URL that events may be sent to, or raise ValueError."""
    parts = _split(url)
    if parts is None or not parts.hostname or parts.username is not None or parts.fragment:
        raise ValueError(f"{name} must be a URL, such as http://127.0.0.1:8000/torii/events.")
    if not allow_remote and not is_loopback(parts.hostname):
        raise ValueError(
            f"{name} must be a loopback URL, such as http://127.0.0.1:8000/torii/events. To send to"
            " other machines, pass allow_remote=True (--allow-remote in the shell)."
        )
    return str(url)


def send_delivery(
    url: str,
    event: Mapping[str, Any],
    *,
    delivery_id: str,
    secrets: Sequence[Secret],
    fault: Optional[Fault] = None,
) -> DeliveryAttempt:
    """Make one attempt. Whatever goes wrong is in the result."""
    # Receivers compare it with their own clocks.
    sent_at, body = machine_now(), msgspec.json.encode(event)
    headers = sign_webhook(
        secret=[token_bytes(32)] if fault == "bad_signature" else list(secrets),
        payload=body,
        id=delivery_id,
        sent_at=sent_at.timestamp() - (LATE_SECONDS if fault == "late" else 0),
    )
    headers["User-Agent"] = "torii-emulator"
    headers["Content-Length"] = str(len(body))
    start = time.perf_counter()
    status, response, problem = _post(
        url, headers, body[: len(body) // 2] if fault == "cut_body" else body
    )
    return DeliveryAttempt(sent_at, time.perf_counter() - start, status, response, problem)


def _post(
    url: str, headers: Mapping[str, str], body: bytes
) -> tuple[Optional[int], str, Optional[str]]:
    """Return status and text of the response, or None and why there is none."""
    start = time.monotonic()
    status: Optional[int] = None
    text, problem = "", None
    try:
        status, text = _exchange(url, headers, body)
    except ConnectionRefusedError:
        problem = "nothing listens there"
    except (OSError, HTTPException, ValueError) as error:
        problem = f"connection failed ({type(error).__name__})"
    # http.client takes a connection that was shut for the end of the headers or the body.
    if time.monotonic() - start >= TIMEOUT_SECONDS:
        return None, "", "timeout"
    return status, text, problem


def _exchange(url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    with ExitStack() as ending:
        connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
        ending.callback(connection.close)
        connection.connect()
        ending.callback(_shut_later(connection.sock).cancel)
        path = parts.path or "/"
        connection.putrequest("POST", f"{path}?{parts.query}" if parts.query else path)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        with suppress(ConnectionError):  # a receiver may respond before it has read everything
            connection.send(body)
            if len(body) < int(headers["Content-Length"]):
                connection.sock.shutdown(socket.SHUT_WR)
        response = connection.getresponse()
        return response.status, response.read(_READ).decode("utf-8", "replace")[:_SHOWN]


def _shut_later(sock: socket.socket) -> Timer:
    """Give the exchange a deadline. The timeout of a socket starts anew with each byte."""

    def shut() -> None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    timer = Timer(TIMEOUT_SECONDS, shut)
    timer.daemon = True
    timer.start()
    return timer


def _split(url: object) -> Any:
    """Return the parts of an http or https URL; None if it isn't one."""
    if not isinstance(url, str) or not _VISIBLE_ASCII.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in {"http", "https"} and parts.port != 0
    except ValueError:
        return None
    return parts if is_web else None
