"""`Vary` on the responses of guarded routes.

A dependency doesn't see the response: what it adds to FastAPI's `Response` parameter is lost if the
route returns a response itself, overwrites the header or raises. So every response of a `FastAPI`, and of
an `APIRouter` that is served without one, gets to the outside by `_serving`. A guard leaves the `Vary` of
its route in the scope, which adds it when the response starts. That also holds for responses that a
middleware or an exception handler makes. A task serves one request, so no lock is needed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, MutableMapping
from functools import wraps
from typing import Any, Callable

from fastapi import APIRouter, FastAPI

from torii_backend._guard.vary import Vary

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

_KEY = "torii_backend.fastapi.vary"


def note_vary(vary: Vary, scope: Mapping[str, Any]) -> None:
    """Let the response to this request say that it depends on the token."""
    noted = scope.get(_KEY)
    if noted is not None:
        noted.append(vary)


def _serving(serve: Any) -> Any:
    """Return the `__call__` of an application, which adds what guards note to the response."""

    # The route audit recognizes the framework's own method by the name of its module.
    @wraps(serve)
    async def _serve(self: Any, scope: Any, receive: Any, send: Send) -> None:
        if scope["type"] != "http" or _KEY in scope:
            await serve(self, scope, receive, send)
            return
        noted: list[Vary] = []
        scope[_KEY] = noted

        def send_varying(message: Message) -> Awaitable[None]:
            if noted and message["type"] == "http.response.start":
                headers = message.get("headers") or ()
                for vary in noted:
                    headers = vary.added_to_raw(headers)
                message = {**message, "headers": headers}
            return send(message)

        try:
            await serve(self, scope, receive, send_varying)
        finally:
            del scope[_KEY]

    return _serve


APIRouter.__call__ = _serving(APIRouter.__call__)  # type: ignore[method-assign]
FastAPI.__call__ = _serving(FastAPI.__call__)  # type: ignore[method-assign]
