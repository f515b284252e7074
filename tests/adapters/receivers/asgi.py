"""An ASGI application at one path, below the guard of the whole."""

from __future__ import annotations

from typing import Any

from tests.adapters.delivery import Serve, serve_asgi
from torii_backend import Events
from torii_backend.asgi import AuthMiddleware, EventReceiver

ISSUER = "https://acme.torii.so"


def build(events: Events, *, consumed: bool = False) -> Serve:
    receiver = EventReceiver(events)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def receive_again() -> dict[str, Any]:
            return {"type": "http.request"}

        if consumed:
            while (await receive())["more_body"]:
                pass
        await receiver(scope, receive_again if consumed else receive, send)

    return serve_asgi(AuthMiddleware(app, issuer=ISSUER, exempt=["/torii/events"]))
