"""Transport: the only module of the client that does I/O, over one pooled requests session.

A transport is open until `close`, which sets `_is_closed` once and for all. Any number of threads
may call `send` at the same time. It holds no lock: what a call changes is in its own `Call`,
and urllib3's connection pool, which is thread-safe, hands each thread a connection.

What is read without a lock: `_session` and `_settings` are set by `_open` and then only read. In a
forked child the first attempt sees another pid and calls `_open` again, because sockets shared with
the parent would mix up responses. Two threads may both do so: each then uses a whole new session, so
the only cost is an extra one. An attempt that passes the check just before `close` still completes.
The caller's own session is closed only in a forked child, where that drops the inherited sockets.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from typing import Any, Literal, Optional, Union

import msgspec
import requests
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError

from torii_backend.client._transport.content import accepted_encodings, read_body
from torii_backend.client._transport.failures import (
    TransportFailure,
    classify_failure,
    drop_wire_frames,
    read_timed_out,
)
from torii_backend.client._transport.request import ApiRequest
from torii_backend.client._transport.response import (
    ApiResponse,
    BodyError,
    HttpResponse,
    api_error,
    invalid_response,
    is_problem,
    read_value,
)
from torii_backend.client._transport.retry import Outcome, pause_before_retry, was_not_processed
from torii_backend.client._transport.revoking import revoke_tokens
from torii_backend.client._transport.session import (
    SingleHostAdapter,
    is_replaced,
    is_stock,
    make_session,
    require_sendable,
    with_cookie_jar,
)
from torii_backend.client.models import Page
from torii_backend.client.secret_key import SecretKey
from torii_backend.client.types import TokenRevoker
from torii_backend.errors import ToriiConnectionError, ToriiTimeout
from torii_backend.observing.kinds import ApiCalled
from torii_backend.observing.slots import SLOTS, tell
from torii_backend.settings import is_local

logger: logging.Logger = logging.getLogger("torii_backend.client")

_LONGEST_ID = 200

CLOSED = "The client is closed: make a new one."


class Transport:
    """Sends requests to one host with one secret key, and retries if that is safe."""

    # Requests go to the session's adapter for the host, not through `Session.request`: that would
    # take twice the time and read .netrc. The session's headers, adapters, proxies and certificates
    # apply; its `auth`, `params`, cookies and hooks do not. But where a user has put something in
    # place of `request` or `send`, such as a mock, nothing passes it by.

    def __init__(
        self,
        key: SecretKey,
        api_url: str,
        *,
        session: Optional[requests.Session],
        pool_size: int,
        timeout: tuple[float, float],
        max_retries: int,
        revocations: Optional[TokenRevoker],
    ) -> None:
        self._key = key
        self._api_url = api_url
        self._is_local = is_local(api_url)
        self._given_session = session
        self.pool_size = pool_size
        self._timeout = timeout
        self.max_retries = max_retries
        self._revocations = revocations
        self._is_closed = False
        self._open()

    def start(self, request: ApiRequest[Any]) -> Call:
        """Start a call; nothing is sent before its first attempt."""
        return Call(self, request)

    def send(self, request: ApiRequest[Any]) -> ApiResponse[Any]:
        """Send a request and read the response; wait between attempts."""
        call = self.start(request)
        while True:
            step = call.attempt()
            if isinstance(step, ApiResponse):
                return step
            time.sleep(step)

    def close(self) -> None:
        """Close the connections and refuse further requests. A second call does nothing."""
        self._is_closed = True
        self._adapter.close()

    def _open(self) -> None:
        session = self._given_session
        self._adapter = SingleHostAdapter(pool_maxsize=self.pool_size)
        if session is None:
            session = make_session(self._adapter)
        elif hasattr(self, "_pid"):
            session.close()
        self._session = session
        # The environment's proxies and certificates, looked up once and not per request.
        settings = session.merge_environment_settings(self._api_url, {}, True, None, None)
        self._settings: dict[str, Any] = {**settings}
        if self._is_local:
            # A proxy would see the key in plain http. None stops requests from looking it up again.
            none = dict.fromkeys(("http", "https", "all"))
            self._settings["proxies"] = {**none, **session.proxies}
        self._pid = os.getpid()

    def exchange(self, request: ApiRequest[Any]) -> Outcome:
        """Send a request once, and read the response."""
        if self._is_closed:
            raise RuntimeError(CLOSED)
        if self._pid != os.getpid():
            self._open()
        timeout = request.timeout or self._timeout
        try:
            response = _read(self._send(request, timeout))
        except (requests.RequestException, HTTPError, OSError) as error:
            return classify_failure(error, timeout)
        except BaseException as error:
            drop_wire_frames(error)
            raise
        if request.into is type(None):
            # Nobody reads the body, so it doesn't matter how it ends.
            return msgspec.structs.replace(response, body_error=None)
        if response.body_error == "stalled" and response.is_success:
            return read_timed_out(timeout[1])
        return response

    def _send(self, request: ApiRequest[Any], timeout: tuple[float, float]) -> Any:
        session = self._session
        require_sendable(session.headers)
        # No variable holds the prepared request, nor the settings, in which a proxy may have a
        # password: reports of errors show variables.
        if is_replaced(session, "request"):
            return session.request(
                request.method,
                self._api_url + request.target,
                data=request.body,
                headers=self._own_headers(request),
                auth=self._authorize,  # takes the place of .netrc and of the session's own
                allow_redirects=False,
                timeout=timeout,
                **self._settings,
            )
        if is_replaced(session, "send"):
            return session.send(
                with_cookie_jar(self._prepare(request)),
                allow_redirects=False,
                timeout=timeout,
                **self._settings,
            )
        adapter = session.get_adapter(self._api_url + request.path)
        if is_stock(adapter):
            adapter = self._adapter  # of the size that was asked for
        return adapter.send(self._prepare(request), timeout=timeout, **self._settings)

    def _prepare(self, request: ApiRequest[Any]) -> requests.PreparedRequest:
        prepared = requests.PreparedRequest()
        prepared.method = request.method
        prepared.url = self._api_url + request.target
        given: Any = self._session.headers
        # None removes a header, as in requests.
        prepared.headers = CaseInsensitiveDict(
            (name, value) for name, value in given.items() if value is not None
        )
        prepared.headers.update(self._own_headers(request))
        if request.body is not None:
            prepared.headers["Content-Length"] = str(len(request.body))
        prepared.body = request.body
        return self._authorize(prepared)

    def _own_headers(self, request: ApiRequest[Any]) -> dict[str, str]:
        headers = {"Accept-Encoding": accepted_encodings(self._session.headers)}
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        return headers

    def _authorize(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        prepared.headers["Authorization"] = self._key.authorization
        return prepared

    def parse(self, request: ApiRequest[Any], response: HttpResponse) -> ApiResponse[Any]:
        """Decode a response, or raise the error that it is."""
        if response.is_success:
            self.note_success(request, response)
            try:
                value = read_value(response, request.into)
            except BodyError as error:
                raise invalid_response(self._masked(response), error) from None
            if isinstance(value, Page) and value.unreadable:
                logger.warning(
                    "%s %s -> %d of %d records can't be decoded; they are in page.unreadable.",
                    request.method,
                    request.template,
                    len(value.unreadable),
                    len(value.unreadable) + len(value.items),
                )
            return ApiResponse(response.status, response.headers, response.body, value)
        is_unauthorized = response.status == 401
        hint = self._key.why_refused(is_local=self._is_local) if is_unauthorized else None
        raise api_error(self._masked(response), hint)

    def note_success(self, request: ApiRequest[Any], response: HttpResponse) -> None:
        """Revoke the user's access tokens after a call that takes their access away."""
        if self._revocations is not None and request.revokes is not None:
            revoke_tokens(self._revocations, request, response.headers)

    def request_id(self, response: HttpResponse) -> Optional[str]:
        """Return the server's id of a request, without the key; None if it can't be one."""
        found = response.headers.get("X-Request-Id", "")
        is_id = isinstance(found, str) and 0 < len(found) <= _LONGEST_ID and found.isprintable()
        return self._key.masked(found) if is_id else None

    def _masked(self, response: HttpResponse) -> HttpResponse:
        """Remove the key, which a server may quote, before an error is made from the response."""
        headers: CaseInsensitiveDict[str] = CaseInsensitiveDict(
            (name, self._key.masked(value)) for name, value in response.headers.items()
        )
        body = self._key.masked(response.body)
        return msgspec.structs.replace(response, headers=headers, body=body)


class Call:
    """One call, attempt by attempt. Its caller waits in between, on a thread or an event loop."""

    def __init__(self, transport: Transport, request: ApiRequest[Any]) -> None:
        self._transport = transport
        self._request = request
        self._started = time.perf_counter()
        self._attempts = 0
        self._may_be_processed = False

    def attempt(self) -> Union[ApiResponse[Any], float]:
        """Return the response, or the seconds to wait before the next attempt."""
        request = self._request
        self._attempts += 1
        outcome = self._transport.exchange(request)
        pause = pause_before_retry(request.is_repeatable, outcome, self._attempts)
        if pause is not None and self._attempts <= self._transport.max_retries:
            self._may_be_processed = self._may_be_processed or not was_not_processed(outcome)
            return pause
        _log(request, outcome, self._attempts, self._started)
        if SLOTS.api_called is not None:
            tell(self._called(outcome))
        if isinstance(outcome, TransportFailure):
            raise (ToriiTimeout if outcome.is_timeout else ToriiConnectionError)(outcome.message)
        if self._may_be_processed and is_problem(outcome, request.done_before):
            # An earlier attempt, whose response was lost, already did this.
            self._transport.note_success(request, outcome)
            return ApiResponse(outcome.status, outcome.headers, outcome.body, None)
        return self._transport.parse(request, outcome)

    def _called(self, outcome: Outcome) -> ApiCalled:
        """Return what listeners hear of this call."""
        request, seconds = self._request, time.perf_counter() - self._started
        operation = f"{request.method} {request.template}"
        if isinstance(outcome, TransportFailure):
            error: Literal["timeout", "connection"] = (
                "timeout" if outcome.is_timeout else "connection"
            )
            return ApiCalled(operation, None, seconds, self._attempts, None, error)
        request_id = self._transport.request_id(outcome)
        return ApiCalled(operation, outcome.status, seconds, self._attempts, request_id, None)


def _read(received: Any) -> HttpResponse:
    status, headers = received.status_code, received.headers
    if not isinstance(status, int):
        raise TypeError(
            "The session must return a requests.Response, whose status_code is an int such as 200. "
            f"It returned a {type(received).__name__}."
        )
    if not isinstance(headers, Mapping):
        headers = {}  # a mock's
    # A mock has the whole content and nothing to stream, as does a response that a wrapper has read.
    is_loaded = not issubclass(type(received), requests.Response) or received._content is not False
    if is_loaded or received.raw is None:
        content = received.content
        return HttpResponse(status, headers, content if isinstance(content, bytes) else b"")
    with received:
        return HttpResponse(status, headers, *read_body(received))


def _log(request: ApiRequest[Any], outcome: Outcome, attempts: int, started: float) -> None:
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug(
            "%s %s -> %s in %.0f ms, attempt %d",
            request.method,
            request.template,
            outcome.status if isinstance(outcome, HttpResponse) else outcome.kind,
            (time.perf_counter() - started) * 1000,
            attempts,
        )
