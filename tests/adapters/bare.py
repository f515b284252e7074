"""The application behind the guard as bare WSGI and as bare ASGI."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .application import respond, respond_async

if TYPE_CHECKING:
    from wsgiref.types import StartResponse


def wsgi(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Answer for the application (PEP 3333)."""
    chunks = respond(environ["PATH_INFO"], environ["torii.auth"])
    start_response("200 OK", [("Content-Type", "application/json")])
    return chunks


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    """Answer for the application, on an event loop."""
    chunks = await respond_async(scope["path"], scope["torii.auth"], scope["state"]["auth"])
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    async for chunk in chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body"})
