"""One tiny application in each framework, bare and guarded, as a callable that serves one request."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable
from typing import Any, Callable

from torii_backend import Verifier

Serve = Callable[[int], object]

# What a browser sends along, so that the guard has headers to look through.
_HEADERS = {
    "host": "api.example",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
    "accept": "application/json",
    "accept-encoding": "gzip, deflate, br",
    "accept-language": "en-GB,en;q=0.9",
    "origin": "https://app.example",
    "referer": "https://app.example/",
    "sec-fetch-mode": "cors",
    "connection": "keep-alive",
}
BODY = b'{"ok":true}'


def wsgi(verifier: Verifier, token: str) -> dict[str, Serve]:
    """Serve a bare WSGI application."""
    from torii_backend.wsgi import AuthMiddleware

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [BODY]

    return _over_wsgi({"bare": app, "guarded": AuthMiddleware(app, verifier=verifier)}, token)


def flask(verifier: Verifier, token: str) -> dict[str, Serve]:
    """Serve a Flask view, guarded by the extension."""
    from flask import Flask

    from torii_backend.flask import Torii

    apps: dict[str, Any] = {}
    for name in ("bare", "guarded"):
        apps[name] = app = Flask(name)
        app.add_url_rule("/me", "me", lambda: BODY)
    Torii(apps["guarded"], verifier=verifier)
    return _over_wsgi(apps, token)


def django(verifier: Verifier, token: str) -> dict[str, Serve]:
    """Serve a Django view, guarded by the middleware."""
    import django as framework
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler
    from django.http import HttpResponse
    from django.test.utils import override_settings
    from django.urls import path

    def me(request: Any) -> HttpResponse:
        return HttpResponse(BODY)

    class Urls:
        urlpatterns = (path("me", me),)

    settings.configure(ROOT_URLCONF=Urls, ALLOWED_HOSTS=["*"], TORII={"VERIFIER": verifier})
    framework.setup()
    apps: dict[str, Any] = {"bare": WSGIHandler()}
    with override_settings(MIDDLEWARE=["torii_backend.django.AuthMiddleware"]):
        apps["guarded"] = WSGIHandler()
    return _over_wsgi(apps, token)


def asgi(verifier: Verifier, token: str) -> dict[str, Serve]:
    """Serve a bare ASGI application."""
    from torii_backend.asgi import AuthMiddleware

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": BODY})

    return _over_asgi({"bare": app, "guarded": AuthMiddleware(app, verifier=verifier)}, token)


def fastapi(verifier: Verifier, token: str) -> dict[str, Serve]:
    """Serve an async FastAPI endpoint, guarded by a dependency."""
    from fastapi import Depends, FastAPI
    from fastapi.responses import Response

    from torii_backend.fastapi import require_auth

    apps: dict[str, Any] = {"bare": FastAPI(), "guarded": FastAPI()}
    guard = Depends(require_auth(verifier=verifier))

    async def me() -> Response:
        return Response(BODY)

    apps["bare"].get("/me")(me)
    apps["guarded"].get("/me", dependencies=[guard])(me)
    return _over_asgi(apps, token)


def _over_wsgi(apps: dict[str, Any], token: str) -> dict[str, Serve]:
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/me",
        "RAW_URI": "/me",
        "QUERY_STRING": "",
        "SERVER_NAME": "api.example",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "HTTP_AUTHORIZATION": f"Bearer {token}",
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in _HEADERS.items()},
    }

    def serving(app: Any) -> Serve:
        statuses: list[str] = []

        def start_response(status: str, headers: object, exc_info: object = None) -> None:
            statuses.append(status)

        def serve(times: int) -> None:
            for _ in range(times):
                body = app(dict(environ), start_response)
                b"".join(body)
                close = getattr(body, "close", None)
                if close is not None:
                    close()
            _check(statuses, "200 OK")

        return serve

    return {name: serving(app) for name, app in apps.items()}


def _over_asgi(apps: dict[str, Any], token: str) -> dict[str, Serve]:
    headers = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
    headers.append((b"authorization", f"Bearer {token}".encode()))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/me",
        "raw_path": b"/me",
        "root_path": "",
        "query_string": b"",
        "client": ("127.0.0.1", 50000),
        "server": ("api.example", 80),
        "headers": headers,
    }
    loop = asyncio.new_event_loop()

    def serving(app: Callable[[Any, Any, Any], Awaitable[None]]) -> Serve:
        statuses: list[int] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        async def requests(times: int) -> None:
            for _ in range(times):
                await app(dict(scope), receive, send)

        def serve(times: int) -> None:
            loop.run_until_complete(requests(times))
            _check(statuses, 200)

        return serve

    return {name: serving(app) for name, app in apps.items()}


def _check(statuses: list[Any], expected: object) -> None:
    if set(statuses) != {expected}:
        raise RuntimeError(f"an application answered {sorted(set(statuses))}")
    statuses.clear()
