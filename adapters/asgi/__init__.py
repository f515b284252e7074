"""Guard any ASGI application.

    app = AuthMiddleware(app, issuer="https://acme.torii.so")

The application finds the Auth in `scope["torii.auth"]`, Starlette's in `request.state.auth`.
"""

from torii_backend.asgi.events import EventReceiver
from torii_backend.asgi.middleware import AuthMiddleware
from torii_backend.asgi.proxy import ToriiProxy
from torii_backend.asgi.websocket_options import AsgiOptions

__all__ = ["AsgiOptions", "AuthMiddleware", "EventReceiver", "ToriiProxy"]
