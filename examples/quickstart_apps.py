"""The apps of the quickstart, one for each adapter, and servers for them on loopback."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable

import django
import uvicorn
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, JsonResponse
from django.test import override_settings
from django.urls import path
from fastapi import Depends, FastAPI
from flask import Flask, g
from werkzeug.serving import make_server

from torii_backend import Auth, Verifier, asgi, wsgi
from torii_backend.fastapi import require_auth
from torii_backend.flask import Torii


def build_wsgi(verifier: Verifier) -> Any:
    """Guard a bare WSGI app."""

    def me(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"user_id": environ["torii.auth"].user_id}).encode()]

    return wsgi.AuthMiddleware(me, verifier=verifier)


def build_asgi(verifier: Verifier) -> Any:
    """Guard a bare ASGI app."""

    async def me(scope: Any, receive: Any, send: Any) -> None:
        body = json.dumps({"user_id": scope["torii.auth"].user_id}).encode()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return asgi.AuthMiddleware(me, verifier=verifier)


def build_flask(verifier: Verifier) -> Any:
    """Guard a Flask app."""
    app = Flask(__name__)
    Torii(app, verifier=verifier)

    @app.get("/me")
    def me() -> dict[str, str]:
        return {"user_id": g.auth.user_id}

    return app


def build_django(verifier: Verifier) -> Any:
    """Guard a Django project."""
    if not settings.configured:
        settings.configure(
            ROOT_URLCONF=__name__,
            SECRET_KEY="only for this demo",
            ALLOWED_HOSTS=["127.0.0.1"],
            MIDDLEWARE=["torii_backend.django.AuthMiddleware"],
        )
        django.setup()
    # A project has one TORII setting; here each of two handlers needs its own Verifier.
    with override_settings(TORII={"VERIFIER": verifier}):
        return WSGIHandler()


def django_me(request: HttpRequest) -> JsonResponse:
    """Respond to /me of the Django project."""
    auth: Auth = request.auth  # type: ignore[attr-defined]
    return JsonResponse({"user_id": auth.user_id})


urlpatterns = [path("me", django_me)]


def build_fastapi(verifier: Verifier) -> Any:
    """Guard a FastAPI route."""
    app = FastAPI()
    auth_dep = require_auth(verifier=verifier)

    @app.get("/me")
    def me(auth: Auth = Depends(auth_dep)) -> dict[str, str]:
        return {"user_id": auth.user_id}

    return app


@contextmanager
def serve_wsgi(app: Any) -> Iterator[str]:
    """Serve a WSGI app on a free loopback port; yield its address."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    with _running(server.serve_forever, server.shutdown):
        yield f"http://127.0.0.1:{server.server_port}"
    server.server_close()


@contextmanager
def serve_asgi(app: Any) -> Iterator[str]:
    """Serve an ASGI app on a free loopback port; yield its address."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))

    def stop() -> None:
        server.should_exit = True

    # The socket listens before the server runs, so the first request waits for the server.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with _running(lambda: server.run(sockets=[listener]), stop):
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def _running(run: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join()


ADAPTERS: dict[str, tuple[Callable[[Verifier], Any], Callable[[Any], Any]]] = {
    "WSGI": (build_wsgi, serve_wsgi),
    "ASGI": (build_asgi, serve_asgi),
    "Flask": (build_flask, serve_wsgi),
    "Django": (build_django, serve_wsgi),
    "FastAPI": (build_fastapi, serve_asgi),
}
