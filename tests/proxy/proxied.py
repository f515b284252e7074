"""What each server serves: an application behind a ToriiProxy, with the keywords that the request asks for."""

from __future__ import annotations

import pickle
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

import torii_backend.asgi
import torii_backend.wsgi

from .apps import ASGI_APPS, WSGI_APPS, bare_asgi, bare_wsgi

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

HEADER = "X-Rig"
_KEY = HEADER.lower().encode()


def spelled(app: str, options: dict[str, Any]) -> str:
    """Write an application's name and keywords down for a header; functions by their names."""
    return urlsafe_b64encode(pickle.dumps((app, options))).decode()


def wsgi(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Serve one request of WSGI servers."""
    options = environ.pop("HTTP_X_RIG", None)
    # Without it, a server took the end of an odd request for one of its own.
    app = bare_wsgi if options is None else _wsgi_proxy(options)
    return app(environ, start_response)


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    """Serve one request of ASGI servers, and let them start and stop."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for proxy in _made:
            await _shut_down(proxy, scope)
        await send({"type": "lifespan.shutdown.complete"})
        return
    options = [value.decode() for name, value in scope["headers"] if name.lower() == _KEY]
    headers = [(name, value) for name, value in scope["headers"] if name.lower() != _KEY]
    app = _asgi_proxy(options[0]) if options else bare_asgi
    await app({**scope, "headers": headers}, receive, send)


def forget() -> None:
    """Let go of the proxies for WSGI, which close their connections then."""
    _wsgi_proxy.cache_clear()


_made: list[Any] = []


@cache
def _wsgi_proxy(options: str) -> Any:
    app, keywords = _read(options)
    return WSGI_APPS[app](torii_backend.wsgi.ToriiProxy, keywords)


@cache
def _asgi_proxy(options: str) -> Any:
    app, keywords = _read(options)
    proxy = ASGI_APPS[app](torii_backend.asgi.ToriiProxy, keywords)
    _made.append(proxy)
    return proxy


def _read(options: str) -> tuple[str, dict[str, Any]]:
    app, keywords = pickle.loads(urlsafe_b64decode(options))  # noqa: S301 (our own)
    return app, keywords


async def _shut_down(proxy: Any, scope: Any) -> None:
    """Start and stop one application, as its server would do."""
    coming = iter(("startup", "shutdown"))

    async def receive() -> Any:
        return {"type": f"lifespan.{next(coming)}"}

    async def send(message: Any) -> None:
        assert message["type"] in ("lifespan.startup.complete", "lifespan.shutdown.complete")

    try:
        await proxy({**scope}, receive, send)
    except ValueError as error:
        assert "lifespan" in str(error)  # noqa: PT017 (Django has none, and servers go on without)
