"""ToriiProxy: WSGI middleware that serves `/_torii/*` from Torii, on your own origin."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Optional

from torii_backend._guard.options import shows_options
from torii_backend._guard.raw_input import read_some
from torii_backend._guard.refusal import RefusalResponse
from torii_backend._guard.request import WSGIRequest
from torii_backend._guard.upload import drop_body
from torii_backend.auth import not_from_requests
from torii_backend.proxy.framework_cookies import FrameworkCookies
from torii_backend.proxy.headers import Framing, Headers
from torii_backend.proxy.message import ResponseHead, outgoing_request, refusal_head
from torii_backend.proxy.refusal import (
    BAD_REQUEST,
    BODY_TOO_LARGE,
    FAILED,
    LENGTH_REQUIRED,
    REQUEST_TIMEOUT,
    ClientGoneError,
    CutError,
    RefusedError,
)
from torii_backend.proxy.settings import DEFAULTS, ProxyOptions, ProxySettings
from torii_backend.proxy.target import take_environ
from torii_backend.wsgi.client_socket import ClientSocket

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication
    from typing_extensions import Unpack

    from torii_backend.proxy.blocking import BlockingResponse
else:
    # So that `get_type_hints()` finds them.
    StartResponse = Callable[..., Any]
    WSGIApplication = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

_CHUNK_BYTES = 16 * 1024


@not_from_requests()
class ToriiProxy:
    """WSGI middleware that forwards `/_torii/*` to your tenant host, and all else to `app`.

    Put it outside everything else. In Flask: `app.wsgi_app = ToriiProxy(app.wsgi_app)`.

    Args:
        app: the WSGI application.
        options: the keywords of `ProxyOptions`.

    Raises:
        ConfigurationError: a setting is missing or wrong, or httpcore isn't installed.
        TypeError: a keyword is unknown.
    """

    __torii_proxy__ = True

    @shows_options(ProxyOptions, **DEFAULTS)
    def __init__(self, app: WSGIApplication, **options: Unpack[ProxyOptions]) -> None:
        self._app = app
        self._settings = ProxySettings(**options)
        self._cookies = FrameworkCookies(app)
        # It needs httpcore, which is an extra.
        from torii_backend.proxy.blocking import BlockingForwarder
        from torii_backend.proxy.route import Route

        self._forwarder = BlockingForwarder(Route(self._settings))

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        target = take_environ(environ)
        if target is None:
            return self._app(environ, start_response)
        if isinstance(target, RefusalResponse):
            return _refuse(target, environ, start_response)
        client = ClientSocket(environ)
        try:
            headers = _headers(environ)
            request = outgoing_request(
                self._settings, WSGIRequest(environ), target, headers, self._cookies.names()
            )
            body = _request_body(environ, request.framing, self._settings, client)
            response = self._forwarder.send(request, body, client.is_gone)
        except RefusedError as error:
            return _refuse(error.response, environ, start_response)
        except ClientGoneError:
            client.shut()
            return _refuse(FAILED, environ, start_response)
        _start(response.head, start_response)
        return _Body(response, client)


class _Body:
    """The body of a response. One that is cut ends the connection of the client."""

    def __init__(self, response: BlockingResponse, client: ClientSocket) -> None:
        self._response = response
        self._client = client

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._response)
        except CutError:
            self._client.shut()
            raise
        except ClientGoneError:
            self._client.shut()
            raise StopIteration from None

    def close(self) -> None:
        self._response.close()


def _headers(environ: Mapping[str, Any]) -> Headers:
    """Return the headers of a request, whose names the server has changed (RFC 3875)."""
    found = [("Content-Type", "CONTENT_TYPE"), ("Content-Length", "CONTENT_LENGTH")]
    found += [
        (key[5:].replace("_", "-").title(), key)
        for key in environ
        if key.startswith("HTTP_") and key not in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH")
    ]
    # Servers leave out the first two, or have them empty.
    return [
        (name.encode("latin-1", "replace"), environ[key].encode("latin-1", "replace"))
        for name, key in found
        if environ.get(key) or key.startswith("HTTP_")
    ]


def _request_body(
    environ: dict[str, Any], framing: Framing, settings: ProxySettings, client: ClientSocket
) -> Optional[Iterator[bytes]]:
    if not framing.has_body:
        return None
    if framing.is_chunked and not environ.get("wsgi.input_terminated"):
        # Such a server never says where the body ends.
        raise RefusedError(LENGTH_REQUIRED)
    return _chunks(environ, framing.length, settings, client)


def _chunks(
    environ: dict[str, Any], length: Optional[int], settings: ProxySettings, client: ClientSocket
) -> Iterator[bytes]:
    """Read a body, one byte more than the limit at most."""
    # `read1` returns what is there, `read` waits for the rest on some servers.
    source = environ["wsgi.input"]
    read = getattr(source, "read1", partial(read_some, source))
    left = settings.max_body + 1 if length is None else length
    while left > 0:
        try:
            # A client that stalls would keep a thread, and a connection to the upstream.
            with client.waiting(settings.wait_seconds):
                chunk = read(min(_CHUNK_BYTES, left))
        except socket.timeout:  # before Python 3.10 it is not a TimeoutError
            raise RefusedError(REQUEST_TIMEOUT) from None
        except Exception:  # noqa: BLE001 (servers say in many ways that the client is gone)
            raise RefusedError(BAD_REQUEST) from None
        if not chunk:
            break
        left -= len(chunk)
        if length is None and left <= 0:
            raise RefusedError(BODY_TOO_LARGE)
        yield chunk
    if length is not None and left > 0:
        raise RefusedError(BAD_REQUEST)


def _refuse(
    refusal: RefusalResponse, environ: dict[str, Any], start_response: StartResponse
) -> list[bytes]:
    drop_body(environ)
    _start(refusal_head(refusal), start_response)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [refusal.body]


def _start(head: ResponseHead, start_response: StartResponse) -> None:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers]
    start_response(f"{head.status} {head.phrase}", headers)
