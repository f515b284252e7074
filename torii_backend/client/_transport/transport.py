"""Transport: the only module of the client that does I/O, over one pooled requests session."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Mapping
from threading import Event
from typing import Any, Optional
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError

from torii_backend.client._transport.failures import Fault, fault_of, no_answer_within
from torii_backend.client._transport.request import ApiRequest
from torii_backend.client._transport.response import (
    MAX_BYTES,
    Answer,
    ApiResponse,
    Flaw,
    Unreadable,
    api_error,
    read_value,
    unreadable_body,
)
from torii_backend.client._transport.retry import Outcome, pause_before_retry, was_not_done
from torii_backend.client.secret_key import SecretKey
from torii_backend.errors import ToriiConnectionError, ToriiTimeout
from torii_backend.settings import is_loopback, package_version

logger: logging.Logger = logging.getLogger("torii_backend.client")

CLOSED = "The client is closed: make a new one."

_CHUNK_BYTES = 64 * 1024
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_HEADERS = {
    "User-Agent": f"torii-backend/{package_version()}",
    "Accept": "application/json, application/problem+json",
}


class Transport:
    """Sends requests to one host with one secret key, and tries again where that is safe.

    Requests are handed to the adapter that the session has for the host, not to `Session.request`:
    that would cost twice the time and look into netrc. The session's headers, adapters, proxies and
    certificates count; its `auth`, `params`, cookies and hooks do not.

    Args:
        key: the secret key, checked.
        api_url: the address of the host, checked, without trailing slash.
        session: a session of the user's, or None to make one.
        pool_size: how many connections the own session keeps.
        timeout: seconds for connecting, and for each wait for bytes of the answer.
        max_retries: how many times a call may be tried again.
    """

    def __init__(
        self,
        key: SecretKey,
        api_url: str,
        *,
        session: Optional[requests.Session],
        pool_size: int,
        timeout: tuple[float, float],
        max_retries: int,
    ) -> None:
        self._key = key
        self._api_url = api_url
        self._is_local = is_loopback(urlsplit(api_url).hostname)
        self._given_session = session
        self._pool_size = pool_size
        self._timeout = timeout
        self._max_retries = max_retries
        self._is_closed = False
        self._open()

    def send(self, request: ApiRequest[Any], abandoned: Optional[Event] = None) -> ApiResponse[Any]:
        """Send a request and read the answer.

        Args:
            request: the request.
            abandoned: set by a caller that no longer waits: then no more tries are made.

        Returns:
            The answer as it came, with the value that was read from it.

        Raises:
            RuntimeError: the transport was closed.
            ToriiApiError: the answer is not a usable success.
            ToriiConnectionError: there was no answer.
            ToriiTimeout: there was no answer in time.
            ValueError: a header of the session has a value that cannot be sent.
        """
        if self._is_closed:
            raise RuntimeError(CLOSED)
        if self._pid != os.getpid():
            self._open()  # sockets that a parent process uses as well would mix up the answers
        started = time.perf_counter()
        tries = 0
        may_be_done = False
        while True:
            tries += 1
            outcome = self._try(request)
            pause = pause_before_retry(request.method, outcome, tries)
            if pause is None or tries > self._max_retries:
                break
            may_be_done = may_be_done or not was_not_done(outcome)
            if (abandoned or Event()).wait(pause):
                break
        _log(request, outcome, tries, started)
        if isinstance(outcome, Fault):
            raise (ToriiTimeout if outcome.is_timeout else ToriiConnectionError)(outcome.message)
        if may_be_done and request.gone_when_repeated and outcome.status in {403, 404}:
            # An earlier try, whose answer was lost, did it.
            return ApiResponse(outcome.status, outcome.headers, outcome.body, None)
        return self._response(request, outcome)

    def close(self) -> None:
        """Close the connections, and refuse further requests; a second call does nothing."""
        self._is_closed = True
        if self._given_session is None:
            self._session.close()

    def _open(self) -> None:
        if self._given_session is None:
            self._session = requests.Session()
            adapter = _OneHostAdapter(pool_maxsize=self._pool_size)
            self._session.mount("https://", adapter)
            self._session.mount("http://", adapter)
            self._session.headers.update(_HEADERS)
        else:
            self._session = self._given_session
            if hasattr(self, "_pid"):
                self._session.close()
        self._pid = os.getpid()
        # Proxies and certificates of the environment, looked up once and not for each request.
        settings = self._session.merge_environment_settings(self._api_url, {}, True, None, None)
        self._settings: dict[str, Any] = {**settings}

    def _try(self, request: ApiRequest[Any]) -> Outcome:
        timeout = request.timeout or self._timeout
        try:
            adapter = self._session.get_adapter(self._api_url + request.path)
            # No variable holds what is sent: a traceback that shows variables would show the key.
            response = adapter.send(self._prepared(request), timeout=timeout, **self._settings)
        except (requests.RequestException, HTTPError, OSError) as error:
            return fault_of(error, timeout)
        answer = _read(response)
        if request.into is type(None):
            # Where the body means nothing, it does not matter how it ends.
            return answer._replace(flaw=None)
        if answer.flaw == "stalled" and answer.is_success:
            return no_answer_within(timeout[1])
        return answer

    def _prepared(self, request: ApiRequest[Any]) -> requests.PreparedRequest:
        prepared = requests.PreparedRequest()
        prepared.method = request.method
        prepared.url = self._api_url + request.target
        given: Any = self._session.headers
        # None takes a header away, as requests has it.
        headers: CaseInsensitiveDict[str] = CaseInsensitiveDict(
            (name, value) for name, value in given.items() if value is not None
        )
        _check_headers(headers)
        headers["Authorization"] = self._key.authorization
        if request.body is not None:
            headers["Content-Type"] = "application/json"
            headers["Content-Length"] = str(len(request.body))
        prepared.headers = headers
        prepared.body = request.body
        return prepared

    def _response(self, request: ApiRequest[Any], answer: Answer) -> ApiResponse[Any]:
        if answer.is_success:
            try:
                value = read_value(answer, request.into)
            except Unreadable as flaw:
                raise unreadable_body(self._masked(answer), flaw) from None
            return ApiResponse(answer.status, answer.headers, answer.body, value)
        refused = answer.status == 401
        hint = self._key.why_refused(is_local=self._is_local) if refused else None
        raise api_error(self._masked(answer), hint)

    def _masked(self, answer: Answer) -> Answer:
        """Take the key, which a server may quote, out of an answer from which an error is made."""
        headers: CaseInsensitiveDict[str] = CaseInsensitiveDict(
            (name, self._key.masked(value)) for name, value in answer.headers.items()
        )
        return answer._replace(headers=headers, body=self._key.masked(answer.body))


class _OneHostAdapter(HTTPAdapter):
    """An adapter for one host and fixed settings, which looks for their connection pool once.

    To look for it again for each request, as requests does, takes a tenth of the time of a call.
    """

    _pool: Any = None

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """Give the connection pool; versions of requests before 2.32 ask another method."""
        pool = self._pool
        if pool is None:
            pool = self._pool = super().get_connection_with_tls_context(*args, **kwargs)
        return pool

    def close(self) -> None:
        """Let go of the pool, which closes its connections."""
        self._pool = None
        super().close()


def _check_headers(headers: Mapping[str, Any]) -> None:
    """Refuse the headers of a session that http.client would refuse in words that quote them."""
    for name, value in headers.items():
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        if not _HEADER_VALUE.fullmatch(text):
            raise ValueError(f"The session's header {name} has a value that no header can have.")


def _read(response: requests.Response) -> Answer:
    status, headers = response.status_code, response.headers
    if response.raw is None:  # as some adapters for tests have it
        return Answer(status, headers, response.content)
    with response:
        if "," in headers.get("Content-Encoding", ""):
            # Older versions of urllib3 set no bound to what comes out of the inner one.
            return Answer(status, headers, b"", "compressed more than once")
        body, flaw = _read_body(response)
    return Answer(status, headers, body, flaw)


def _read_body(response: requests.Response) -> tuple[bytes, Optional[Flaw]]:
    body = bytearray()
    try:
        for chunk in response.iter_content(_CHUNK_BYTES):
            body += chunk
            if len(body) > MAX_BYTES:
                return bytes(body[:MAX_BYTES]), "too large"
        # Older versions of urllib3 take a body that ends too early for a whole one.
        is_cut = bool(getattr(response.raw, "length_remaining", None))
    except (requests.RequestException, HTTPError, OSError) as error:
        # This is what requests makes of a read timeout in a body.
        if isinstance(error, requests.ConnectionError) and not isinstance(
            error, requests.exceptions.SSLError
        ):
            return bytes(body), "stalled"
        is_cut = True
    return bytes(body), "cut off" if is_cut else None


def _log(request: ApiRequest[Any], outcome: Outcome, tries: int, started: float) -> None:
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug(
            "%s %s -> %s in %.0f ms, attempt %d",
            request.method,
            request.template,
            outcome.status if isinstance(outcome, Answer) else outcome.kind,
            (time.perf_counter() - started) * 1000,
            tries,
        )
