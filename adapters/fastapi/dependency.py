"""RequireAuth: the dependency that guards a route."""

# No `from __future__ import annotations`: FastAPI reads the annotations of RequireAuth.__call__, and
# older versions cannot resolve them from strings.
import typing
from collections.abc import Awaitable, MutableMapping
from contextlib import AsyncExitStack
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Generic,
    Literal,
    NoReturn,
    Optional,
    TypeVar,
    Union,
    cast,
)

from fastapi.openapi.models import HTTPBearer
from fastapi.openapi.models import SecurityBase as SecurityScheme
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from torii_backend._guard.authenticator import Authenticator
from torii_backend._guard.context import bind_auth, unbind_auth
from torii_backend._guard.options import (
    GuardOptions,
    IssuerOf,
    OptionsBesidesIssuer,
    shows_options,
)
from torii_backend._guard.request import ASGIRequest
from torii_backend._guard.websocket import WebSocketRequest
from torii_backend.auth import Auth
from torii_backend.errors import ConfigurationError, ToriiAuthError
from torii_backend.fastapi.answer import exception_for
from torii_backend.settings import Issuer

if TYPE_CHECKING:
    from typing_extensions import Unpack

SCHEME = "Torii"

Value = TypeVar("Value")


class _OnlyCalled:
    """Fails the declaration of a route that depends on one of the functions here itself.

    FastAPI would take its parameters for query parameters, and the route would stand open.
    """

    def __init__(self, function: str) -> None:
        self._function = function

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> NoReturn:
        name = self._function
        raise ConfigurationError(f"write Depends({name}(...)), not Depends({name}).")


class RequireAuth(SecurityBase, Generic[Value]):
    """The dependency that `require_auth` makes; one bearer scheme in the OpenAPI document.

    Each is itself only: keep one, and it can be shared, compared and overridden.
    """

    def __init__(self, authenticator: Authenticator) -> None:
        self.model: SecurityScheme = HTTPBearer(
            bearerFormat="JWT", description="A Torii access token."
        )
        self.scheme_name = SCHEME
        self._authenticator = authenticator

    async def __call__(self, request: HTTPConnection) -> Value:
        """Authenticate one request or WebSocket; FastAPI calls this.

        Returns:
            The Auth, or None where that is let in. Within a route it is `current_auth()` as well.

        Raises:
            HTTPException: the request may not pass; its cause is the ToriiAuthError.
            WebSocketException: the same, for a WebSocket on a server that cannot send our answer.
        """
        if isinstance(request, WebSocket):
            incoming: ASGIRequest = _handshake_of(request)
        else:
            incoming = ASGIRequest(request.scope)
        try:
            auth = await self._authenticator.authenticate_async(incoming)
        except ToriiAuthError as refusal:
            answer = self._authenticator.response_to(refusal, incoming)
            raise exception_for(answer, request.scope) from refusal
        request.state.auth = auth
        # FastAPI closes it when the request is over. A generator would be unbound by the same means, at
        # more than the price of all the rest.
        stack = request.scope.get("fastapi_inner_astack")
        if isinstance(stack, AsyncExitStack):
            stack.callback(unbind_auth, bind_auth(auth))
        return cast("Value", auth)


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
    issuer: Annotated[Union[Issuer, IssuerOf], _OnlyCalled("require_auth")] = None,
    required: bool = True,
    **options: "Unpack[OptionsBesidesIssuer]",
) -> RequireAuth[Any]:
    """Make a dependency that lets only authenticated requests and WebSockets through.

    Args:
        issuer: one tenant host URL or several, or a function that picks it by the request; left out,
            TORII_ISSUER is read.
        required: False does as `optional_auth`.
        options: the keywords of `torii_backend.GuardOptions`.

    Returns:
        A dependency for `Depends`; its value is the Auth, or None where that is let in.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """
    return RequireAuth(Authenticator(issuer=issuer, required=required, **options))


@shows_options(OptionsBesidesIssuer)
def optional_auth(
    *,
    issuer: Annotated[Union[Issuer, IssuerOf], _OnlyCalled("optional_auth")] = None,
    **options: "Unpack[OptionsBesidesIssuer]",
) -> RequireAuth[Optional[Auth]]:
    """Make a dependency that lets requests without bearer credentials in as None; a bad token never.

    Args:
        issuer: as for `require_auth`.
        options: the keywords of `torii_backend.GuardOptions`.

    Returns:
        A dependency for `Depends`; its value is the Auth, or None.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """
    return require_auth(issuer=issuer, required=False, **options)


def _handshake_of(websocket: WebSocket) -> WebSocketRequest:
    """Read the handshake of a WebSocket, and hide its token from the route."""
    handshake = WebSocketRequest(websocket.scope)
    clean = handshake.scope_without_token()
    # In place: `websocket.headers` may have been read before, and lives on this list.
    websocket.headers.raw  # noqa: B018
    websocket.scope["headers"][:] = clean.pop("headers")
    websocket.scope.update(clean)
    send = websocket.send

    def send_answered(message: MutableMapping[str, Any]) -> Awaitable[None]:
        return send(handshake.with_subprotocol(message))

    websocket.send = send_answered  # type: ignore[method-assign, assignment]
    return handshake
