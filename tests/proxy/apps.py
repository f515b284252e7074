"""The applications behind the proxy, each with the line that its documentation gives.

All say `app`, their method and their path, for every path: an application that swallows `/_torii/*`
would be seen at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fastapi import Depends, FastAPI, Request

# It configures Django for all tests of the process, unless one has done so.
from tests.adapters.django_project import asgi_handler_of, wsgi_handler_of
from torii_backend.fastapi import require_auth

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

Made = dict[str, Any]


def bare_wsgi(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    body = f"app {environ['REQUEST_METHOD']} {environ['PATH_INFO']}".encode("latin-1")
    length = ("Content-Length", str(len(body)))
    start_response("200 OK", [("Content-Type", "text/plain"), length])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


async def bare_asgi(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})
        return
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close"})
        return
    body = f"app {scope['method']} {scope['path']}".encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _bare_wsgi(proxy: Any, options: Made) -> Any:
    return proxy(bare_wsgi, **options)


def _bare_asgi(proxy: Any, options: Made) -> Any:
    return proxy(bare_asgi, **options)


def _flask(proxy: Any, options: Made) -> Any:
    from flask import Flask, abort, request

    app = Flask(__name__, static_folder=None)
    app.config["SESSION_COOKIE_NAME"] = "session_of_flask"
    app.secret_key = "for tests alone"

    @app.before_request
    def parse() -> None:
        request.get_data()
        if request.method == "POST":
            abort(403)  # as a check against CSRF does

    @app.route("/", defaults={"path": ""}, methods=["GET", "POST", "PUT", "DELETE"])
    @app.route("/<path:path>/", methods=["GET", "POST", "PUT", "DELETE"])
    def everything(path: str) -> str:
        return f"app {request.method} /{path}"

    app.wsgi_app = proxy(app.wsgi_app, **options)  # type: ignore[method-assign]
    return app


_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]


def _django_wsgi(proxy: Any, options: Made) -> Any:
    return proxy(wsgi_handler_of(_django_urls(), MIDDLEWARE=_MIDDLEWARE), **options)


def _django_asgi(proxy: Any, options: Made) -> Any:
    return proxy(asgi_handler_of(_django_urls(), MIDDLEWARE=_MIDDLEWARE), **options)


def _django_urls() -> tuple[Any, ...]:
    from django.http import HttpRequest, HttpResponse
    from django.urls import re_path

    def everything(request: HttpRequest) -> HttpResponse:
        return HttpResponse(f"app {request.method} {request.path}")

    return (re_path(r"(?:/|\A)\Z", everything),)


def _fastapi(proxy: Any, options: Made) -> Any:
    guard = require_auth(issuer="https://acme.torii.so", exempt=["/", "/_toriix"])
    app = FastAPI(dependencies=[Depends(guard)])

    @app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "DELETE"])
    async def everything(path: str, request: Request) -> str:
        await request.body()
        return f"app {request.method} /{path}"

    app.add_middleware(proxy, **options)
    return app


WSGI_APPS = {"bare": _bare_wsgi, "flask": _flask, "django": _django_wsgi}
ASGI_APPS = {"bare": _bare_asgi, "fastapi": _fastapi, "django": _django_asgi}
