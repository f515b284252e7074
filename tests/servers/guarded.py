"""What each server serves: the application, guarded the way that the request itself asks for."""

from __future__ import annotations

import pickle
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import torii_backend.asgi
import torii_backend.wsgi
from tests.adapters import bare

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

    from torii_backend._guard.options import GuardOptions

HEADER = "X-Guard"


def spelled(options: GuardOptions) -> str:
    """Write options down for a header; functions among them by their names."""
    return urlsafe_b64encode(pickle.dumps(options)).decode()


def wsgi(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Serve one request of WSGI servers."""
    return _wsgi_guard(environ["HTTP_X_GUARD"])(environ, start_response)


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    """Serve one request of ASGI servers, and let them start and stop."""
    if scope["type"] == "lifespan":
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})
        return
    (options,) = [value for name, value in scope["headers"] if name == HEADER.lower().encode()]
    await _asgi_guard(options.decode())(scope, receive, send)


@cache
def _wsgi_guard(options: str) -> torii_backend.wsgi.AuthMiddleware:
    return torii_backend.wsgi.AuthMiddleware(bare.wsgi, **_read(options))


@cache
def _asgi_guard(options: str) -> torii_backend.asgi.AuthMiddleware:
    return torii_backend.asgi.AuthMiddleware(bare.asgi, **_read(options))


def _read(options: str) -> GuardOptions:
    return cast("GuardOptions", pickle.loads(urlsafe_b64decode(options)))  # noqa: S301 (our own)
