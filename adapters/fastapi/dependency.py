"""RequireAuth: the dependency that guards a route."""

# No `from __future__ import annotations`: FastAPI reads the annotations of RequireAuth.__call__, and
# older versions cannot resolve them from strings.
import sys
import typing
from collections.abc import Awaitable, MutableMapping
from contextlib import AsyncExitStack
from inspect import Signature, signature
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Literal,
    Optional,
    TypeVar,
    Union,
    cast,
)

from fastapi import HTTPException, WebSocketException
from fastapi.openapi.models import SecurityBase as SecurityScheme
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket, WebSocketState

from torii_backend._guard.authenticator import Authenticator
from torii_backend._guard.context import bind_auth, unbind_auth
from torii_backend._guard.options import (
    CheckedOptions,
    GuardOptions,
    IssuerOf,
    OptionsBesidesIssuer,
    shows_options,
)
from torii_backend._guard.refusal import is_refusal_by_view
from torii_backend._guard.request import ASGIRequest
from torii_backend._guard.websocket import WebSocketRequest
from torii_backend.auth import GUARD, Auth, SignatureOfClass, not_from_requests
from torii_backend.errors import ToriiAuthError, ToriiError
from torii_backend.fastapi.response import exception_for, security_scheme
from torii_backend.fastapi.scopes import refuse_scopes
from torii_backend.fastapi.vary import note_vary
from torii_backend.settings import Issuer, Unchanging

if TYPE_CHECKING:
    from typing_extensions import Unpack

Value = TypeVar("Value")
CONNECTING = WebSocketState.CONNECTING


class _SignatureOfGuard(SignatureOfClass):
    """Looks at the declaration of a route when FastAPI asks for the signature of its guard."""

    def __get__(self, instance: object, owner: type) -> Signature:
        if instance is None:
            return super().__get__(instance, owner)
        refuse_scopes(sys._getframe(1))
        return signature(instance.__call__)  # type: ignore[operator]


class RequireAuth(Unchanging, SecurityBase, Generic[Value]):
    """The dependency that `require_auth` makes, and one bearer scheme in the OpenAPI document.

    Each call makes another one. Keep it in a variable to share it, and to override it in tests. Copies
    of it are itself, as those of functions are, so `dependency_overrides` finds it in copied routers.
    """

    __signature__: _SignatureOfGuard = _SignatureOfGuard(GUARD)

    def __init__(self, authenticator: Authenticator) -> None:
        name, model = security_scheme(authenticator)
        self.scheme_name: str = name
        self.model: SecurityScheme = model
        self._authenticator = authenticator
        self.__torii_guard__: CheckedOptions = authenticator.__torii_guard__

    async def __call__(self, request: HTTPConnection) -> Value:
        """Authenticate one request or WebSocket. FastAPI calls this.

        Args:
            request: the request or WebSocket.

        Returns:
            The Auth, or None if the request passed without credentials. Within a route it is
            `current_auth()` as well.

        Raises:
            HTTPException: the request is refused. Its cause is the ToriiAuthError.
            WebSocketException: the same, for a WebSocket on a server that can't send a response.
        """
        guarded = _Guarded(self._authenticator, request)
        # A request is a mapping, out of which error trackers read the headers.
        del request
        try:
            auth = await self._authenticator.authenticate_async(guarded.incoming)
        except ToriiAuthError as refusal:
            # An error handler of the application may drop the headers of the exception.
            guarded.note_vary()
            raise guarded.exception_for(refusal) from refusal
        guarded.keep(auth)
        return cast("Value", auth)


class _Guarded:
    """One request or WebSocket. As a context manager it binds the Auth while its route runs.

    It shows an error tracker nothing of the request.
    """

    __slots__ = ("_auth", "_authenticator", "_request", "_token", "incoming")

    def __init__(self, authenticator: Authenticator, request: HTTPConnection) -> None:
        self._authenticator = authenticator
        self._request = request
        # Not by isinstance, which takes longer for an abstract class.
        if request.scope["type"] == "websocket":
            self.incoming: ASGIRequest = _without_token(cast("WebSocket", request))
        else:
            self.incoming = ASGIRequest(request.scope)

    def keep(self, auth: Optional[Auth]) -> None:
        """Give the Auth to the route, and have it unbound when that is over."""
        self._auth = auth
        if self._authenticator.varies(auth, self.incoming):
            self.note_vary()
        self._request.state.auth = auth
        # FastAPI closes it when the request is over. A dependency that yields would be ended by the same
        # stack, but costs more than everything else here.
        stack = self._request.scope.get("fastapi_inner_astack")
        if isinstance(stack, AsyncExitStack):
            stack.enter_context(self)

    def note_vary(self) -> None:
        """Note that the response depends on the token."""
        note_vary(self._authenticator.vary, self._request.scope)

    def exception_for(
        self, refusal: ToriiAuthError, auth: Optional[Auth] = None
    ) -> Union[HTTPException, WebSocketException]:
        """Return the exception that sends the response to a refusal."""
        response = self._authenticator.response_to(
            refusal, self.incoming, adapter=_adapter(self._request), auth=auth
        )
        return exception_for(response, self._request.scope)

    def __enter__(self) -> None:
        self._token = bind_auth(self._auth)

    def __exit__(self, _: object, error: Optional[BaseException], __: object) -> None:
        """End the binding, and refuse after all if the route says so and nobody else handles it."""
        unbind_auth(self._token)
        if not isinstance(error, ToriiAuthError) or not is_refusal_by_view(error):
            return
        handlers, _ = self._request.scope.get("starlette.exception_handlers") or ({}, {})
        if any(issubclass(each, ToriiError) and each in handlers for each in type(error).__mro__):
            return
        if isinstance(self._request, WebSocket) and self._request.application_state != CONNECTING:
            raise WebSocketException(1008) from error
        raise self.exception_for(error, getattr(self._request.state, "auth", None)) from error


# By its full name, which jedi doesn't know: it reads the keywords from the function below instead.
@typing.overload
def require_auth(
    *,
    issuer: Union[Issuer, IssuerOf] = None,
    required: Literal[True] = True,
    **options: "Unpack[OptionsBesidesIssuer]",
) -> RequireAuth[Auth]: ...


@typing.overload
def require_auth(
    *,
    issuer: Union[Issuer, IssuerOf] = None,
    required: bool,
    **options: "Unpack[OptionsBesidesIssuer]",
) -> RequireAuth[Optional[Auth]]: ...


@shows_options(GuardOptions)
def require_auth(
    *,
    issuer: Union[Issuer, IssuerOf] = None,
    required: bool = True,
    **options: "Unpack[OptionsBesidesIssuer]",
) -> RequireAuth[Any]:
    """Make a dependency that requires sign-in, for requests and WebSockets.

    Args:
        issuer: one tenant host URL or several, or a function that picks it by the request.
            TORII_ISSUER is read if you leave it out.
        required: False makes sign-in optional, like `optional_auth`.
        options: the keywords of `torii_backend.GuardOptions`.

    Returns:
        A dependency for `Depends`. Its value is the Auth, or None if the request passed without
        credentials.

    Raises:
        ConfigurationError: a setting is missing or wrong.
        TypeError: a keyword is unknown.
    """
    return RequireAuth(Authenticator(issuer=issuer, required=required, **options))


@not_from_requests("optional_auth(...)")
@shows_options(OptionsBesidesIssuer)
def optional_auth(
    *,
    issuer: Union[Issuer, IssuerOf] = None,
    **options: "Unpack[OptionsBesidesIssuer]",
) -> RequireAuth[Optional[Auth]]:
    """Make a dependency for which sign-in is optional. Invalid tokens are still rejected.

    Args:
        issuer: as for `require_auth`.
        options: the keywords of `require_auth`, except `required`.

    Returns:
        A dependency for `Depends`. Its value is the Auth, or None without a token.

    Raises:
        ConfigurationError: a setting is missing or wrong.
        TypeError: a keyword is unknown.
    """
    return require_auth(issuer=issuer, required=False, **options)


def _adapter(request: HTTPConnection) -> str:
    """Name what refuses a request, for the log."""
    return "websocket" if isinstance(request, WebSocket) else "fastapi"


def _without_token(websocket: WebSocket) -> WebSocketRequest:
    """Return the request that opens a WebSocket, and hide its token from the route."""
    request = WebSocketRequest(websocket.scope)
    clean = request.scope_without_token()
    # In place: `websocket.headers` may have been read before, and keeps this list.
    websocket.headers.raw  # noqa: B018
    websocket.scope["headers"][:] = clean.pop("headers")
    websocket.scope.update(clean)
    send = websocket.send

    def send_with_subprotocol(message: MutableMapping[str, Any]) -> Awaitable[None]:
        return send(request.with_subprotocol(message))

    websocket.send = send_with_subprotocol  # type: ignore[method-assign, assignment]
    return request
