"""Guard any ASGI application.

    app = AuthMiddleware(app, issuer="https://acme.torii.so")

The application finds the Auth in `scope["torii.auth"]`, Starlette's in `request.state.auth`.
"""

from __future__ import annotations

from collections.abc import Awaitable, MutableMapping
from typing import TYPE_CHECKING, Any, Callable

from torii_backend.auth import bind_auth, unbind_auth
from torii_backend.authenticator import Authenticator
from torii_backend.challenge import Challenge
from torii_backend.errors import ToriiAuthError
from torii_backend.exempt import scope_paths
from torii_backend.options import AuthOptions

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["AuthMiddleware"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
# Frameworks type their applications in several ways that are not assignable to one another.
Application = Callable[[Any, Any, Any], Awaitable[None]]


class AuthMiddleware:
    """ASGI middleware that lets only authenticated requests and WebSockets through to `app`.

    Args:
        app: the ASGI 3 application to guard.
        options: the keywords of `torii_backend.options.AuthOptions`.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """

    def __init__(self, app: Application, **options: Unpack[AuthOptions]) -> None:
        self._app = app
        self._authenticator = Authenticator(**options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; lifespan and other scopes pass through untouched."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            auth = await self._authenticator.authenticate_async(
                scope["headers"], paths=scope_paths(scope)
            )
        except ToriiAuthError as refusal:
            answer = self._authenticator.challenge(refusal)
            if scope["type"] == "http":
                await _send(answer, "http.response", send, head=scope["method"] == "HEAD")
            else:
                await _refuse_websocket(answer, scope, receive, send)
            return
        # Fresh mappings: a server may share its state between requests.
        state = {**(scope.get("state") or {}), "auth": auth}
        token = bind_auth(auth)
        try:
            await self._app({**scope, "torii.auth": auth, "state": state}, receive, send)
        finally:
            unbind_auth(token)


async def _send(challenge: Challenge, kind: str, send: Send, *, head: bool = False) -> None:
    length = ("Content-Length", str(len(challenge.body)))
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in (*challenge.headers, length)
    ]
    await send({"type": f"{kind}.start", "status": challenge.status, "headers": headers})
    await send({"type": f"{kind}.body", "body": b"" if head else challenge.body})


async def _refuse_websocket(
    challenge: Challenge, scope: Scope, receive: Receive, send: Send
) -> None:
    """Refuse before accepting: with our answer where the server can send one, else it sends 403."""
    await receive()
    if "websocket.http.response" in (scope.get("extensions") or {}):
        await _send(challenge, "websocket.http.response", send)
    else:
        await send({"type": "websocket.close", "code": 1008})
