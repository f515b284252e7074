"""Guard any WSGI application (PEP 3333).

    app = AuthMiddleware(app, issuer="https://acme.torii.so")

The application finds the Auth in `environ["torii.auth"]`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from http.client import responses
from typing import TYPE_CHECKING, Any, Callable, Optional, Union

from torii_backend._guard.authenticator import Authenticator
from torii_backend._guard.context import BoundIterator, bind_auth, unbind_auth
from torii_backend._guard.options import CheckedOptions, GuardOptions, shows_options
from torii_backend._guard.proxy_order import require_open_proxy
from torii_backend._guard.refusal import RefusalResponse, is_refusal_by_view
from torii_backend._guard.request import WSGIRequest
from torii_backend._guard.resource_metadata import MetadataResponse
from torii_backend._guard.upload import drop_body
from torii_backend._guard.vary import Vary
from torii_backend.auth import Auth
from torii_backend.errors import ToriiAuthError
from torii_backend.wsgi.events import EventReceiver
from torii_backend.wsgi.proxy import ToriiProxy

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication
    from typing_extensions import Unpack
else:
    # So that `get_type_hints()` finds them.
    StartResponse = Callable[..., Any]
    WSGIApplication = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

__all__ = ["AuthMiddleware", "EventReceiver", "ToriiProxy"]


class AuthMiddleware:
    """WSGI middleware that requires sign-in for every request of `app`.

    Args:
        app: the WSGI application to guard.
        options: the keywords of `torii_backend.GuardOptions`.

    Raises:
        ConfigurationError: a setting is missing or wrong.
        TypeError: a keyword is unknown.
    """

    @shows_options(GuardOptions)
    def __init__(self, app: WSGIApplication, **options: Unpack[GuardOptions]) -> None:
        self._app = app
        self._authenticator = Authenticator(**options)
        self._resource = self._authenticator.resource
        self.__torii_guard__: CheckedOptions = self._authenticator.__torii_guard__
        require_open_proxy(app, self.__torii_guard__.exempt)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        request = WSGIRequest(environ)
        metadata = None if self._resource is None else self._resource.response_to(request)
        if metadata is not None:
            drop_body(environ)
            return _send(metadata, environ, start_response)
        try:
            auth = self._authenticator.authenticate(request)
        except ToriiAuthError as refusal:
            response = self._authenticator.response_to(refusal, request, adapter="wsgi")
            drop_body(environ)
            varying = _varying(start_response, self._authenticator.vary)
            return _send(response, environ, varying)
        environ["torii.auth"] = auth
        if self._authenticator.varies(auth, request):
            start_response = _varying(start_response, self._authenticator.vary)
        token = bind_auth(auth)

        def refuse(error: ToriiAuthError) -> list[bytes]:
            """Refuse after all; raises the error again if the server has sent headers already."""
            if not is_refusal_by_view(error):
                raise error
            response = self._authenticator.response_to(error, request, adapter="wsgi", auth=auth)
            return _send(response, environ, start_response, sys.exc_info())

        try:
            body = self._app(environ, start_response)
            # To iterate over a list runs no code of the application.
            return body if isinstance(body, list) else _Body(auth, body, refuse)
        except ToriiAuthError as error:
            return refuse(error)
        finally:
            unbind_auth(token)


class _Body(BoundIterator[bytes]):
    """The body of a response, in whose place a refusal comes if the application raises one first."""

    def __init__(
        self,
        auth: Optional[Auth],
        body: Iterable[bytes],
        refuse: Callable[[ToriiAuthError], list[bytes]],
    ) -> None:
        super().__init__(auth, body)
        self._refuse = refuse

    def __next__(self) -> bytes:
        try:
            return super().__next__()
        except ToriiAuthError as error:
            self._iterator = iter(self._refuse(error))
        return next(self._iterator)


def _varying(start_response: StartResponse, vary: Vary) -> StartResponse:
    """Let the response say that it depends on the token."""

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        headers = vary.added_to(headers)
        if exc_info is None:
            return start_response(status, headers)
        return start_response(status, headers, exc_info)

    return start


def _send(
    response: Union[RefusalResponse, MetadataResponse],
    environ: dict[str, Any],
    start_response: StartResponse,
    *raised: Any,
) -> list[bytes]:
    phrase = responses.get(response.status, "Unknown")
    length = ("Content-Length", str(len(response.body)))
    start_response(f"{response.status} {phrase}", [*response.headers, length], *raised)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [response.body]
