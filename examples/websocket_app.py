# TORII_ISSUER=http://127.0.0.1:4100 uvicorn --app-dir examples websocket_app:app --port 8000
"""Guard WebSockets that browsers open. uvicorn needs `pip install websockets` for them.

Start a local Torii first: `torii emulator`. A page opens the WebSocket with
`new WebSocket("ws://127.0.0.1:8000/ws", ["torii", "torii.bearer." + token])`.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from torii_backend import current_auth
from torii_backend.asgi import AuthMiddleware


async def me(request: Request) -> JSONResponse:
    """Return who is signed in, or null on an exempt path."""
    auth = current_auth()
    return JSONResponse({"user_id": auth.user_id if auth else None})


async def echo(websocket: WebSocket) -> None:
    """Echo what the user sends until either side closes the WebSocket or the token expires."""
    await websocket.accept()
    user_id = websocket.state.auth.user_id
    try:
        while True:
            text = await websocket.receive_text()
            await websocket.send_text(f"{user_id}: {text}")
    except WebSocketDisconnect:
        pass


# The issuer comes from TORII_ISSUER. Every path but /health needs a token.
app = Starlette(
    routes=[Route("/health", me), Route("/me", me), WebSocketRoute("/ws", echo)],
    middleware=[
        Middleware(
            AuthMiddleware,
            exempt=["/health"],
            allowed_origins=["http://localhost:3000", "http://127.0.0.1:3000"],
            close_on_expiry=True,
        )
    ],
)
