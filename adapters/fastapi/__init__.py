"""Guard FastAPI routes with a dependency.

    auth_dep = require_auth(issuer="https://acme.torii.so")

    @app.get("/me")
    def me(auth: Annotated[Auth, Depends(auth_dep)]):
        return {"user_id": auth.user_id}

The Auth is the dependency's value, and `request.state.auth`.
"""

# No `from __future__ import annotations`: FastAPI reads the annotations of RequireAuth.__call__, and
# older versions cannot resolve them from strings.
from collections.abc import AsyncIterator
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Generic,
    Literal,
    NoReturn,
    Optional,
    TypeVar,
    overload,
)

import msgspec
from fastapi import HTTPException
from fastapi.openapi.models import HTTPBearer
from fastapi.openapi.models import SecurityBase as SecurityScheme
from fastapi.security.base import SecurityBase
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from torii_backend.auth import Auth, bind_auth, unbind_auth
from torii_backend.authenticator import Authenticator
from torii_backend.errors import ConfigurationError, ToriiAuthError
from torii_backend.exempt import scope_paths
from torii_backend.options import SharedOptions
from torii_backend.settings import Issuer

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from torii_backend.challenge import Challenge

__all__ = ["RequireAuth", "require_auth"]

Value = TypeVar("Value")


class _OnlyCalled:
    """Fails the declaration of a route that depends on `require_auth` itself.

    FastAPI would take its parameters for query parameters, and the route would stand open.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> NoReturn:
        raise ConfigurationError("write Depends(require_auth(...)), not Depends(require_auth).")


class RequireAuth(SecurityBase, Generic[Value]):
    """The dependency that `require_auth` makes; one bearer scheme in the OpenAPI document."""

    def __init__(self, authenticator: Authenticator) -> None:
        self.model: SecurityScheme = HTTPBearer(
            bearerFormat="JWT", description="A Torii access token."
        )
        self.scheme_name = "Torii"
        self._authenticator = authenticator

    async def __call__(self, request: HTTPConnection) -> AsyncIterator[Value]:
        """Authenticate one request, until its response is sent; FastAPI calls this.

        Raises:
            HTTPException: the request may not pass; its cause is the ToriiAuthError.
        """
        scope = request.scope
        try:
            auth: Any = await self._authenticator.authenticate_async(
                scope["headers"], paths=scope_paths(scope)
            )
        except ToriiAuthError as refusal:
            raise _http_exception(self._authenticator.challenge(refusal)) from refusal
        request.state.auth = auth
        token = bind_auth(auth)
        try:
            yield auth
        finally:
            unbind_auth(token)


@overload
def require_auth(
    *, issuer: Issuer = None, required: Literal[True] = True, **options: "Unpack[SharedOptions]"
) -> RequireAuth[Auth]: ...


@overload
def require_auth(
    *, issuer: Issuer = None, required: bool, **options: "Unpack[SharedOptions]"
) -> RequireAuth[Optional[Auth]]: ...


def require_auth(
    *,
    issuer: Annotated[Issuer, _OnlyCalled()] = None,
    required: bool = True,
    **options: "Unpack[SharedOptions]",
) -> RequireAuth[Any]:
    """Make a dependency that lets only authenticated requests through.

    Args:
        issuer: one tenant host URL or several; left out, TORII_ISSUER is read.
        required: False lets a request without bearer credentials in as None; a bad token never.
        options: the keywords of `torii_backend.options.SharedOptions`.

    Returns:
        A dependency for `Depends`; its value is the Auth, or None where that is let in.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """
    return RequireAuth(Authenticator(issuer=issuer, required=required, **options))


def _http_exception(answer: "Challenge") -> HTTPException:
    """Put an answer into FastAPI's own envelope, `{"detail": …}`."""
    try:
        detail = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        detail = answer.body.decode("utf-8", "replace")
    if isinstance(detail, dict) and detail.keys() == {"error"}:
        detail = detail["error"]
    # This kind of mapping can hold a name twice, and FastAPI writes the type and length itself.
    headers = Headers(
        raw=[
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in answer.headers
            if name.lower() not in ("content-type", "content-length")
        ]
    )
    return HTTPException(answer.status, detail=detail, headers=headers)
