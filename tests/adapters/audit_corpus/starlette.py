"""Hard routes of Starlette."""

from __future__ import annotations

import logging
from functools import wraps
from typing import Any, Callable

from starlette.applications import Starlette
from starlette.authentication import requires
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route, Router, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from torii_backend.asgi import AuthMiddleware

ISSUER = "https://acme.torii.so"
PATH = "path"
BARE: Any = PlainTextResponse("in")

log = logging.getLogger(__name__)


def guard(**options: Any) -> Middleware:
    made: Any = AuthMiddleware
    return Middleware(made, **{"issuer": ISSUER, **options})


def never(_: str) -> bool:
    return False


async def serve(_: Request) -> PlainTextResponse:
    return PlainTextResponse("in")


async def talk(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


class Endpoint(HTTPEndpoint):
    async def get(self, _: Request) -> PlainTextResponse:
        return PlainTextResponse("in")


class Lenient(AuthMiddleware):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)


class Settled(AuthMiddleware):
    """With settings of its own, but the same call."""

    def __init__(self, app: Any) -> None:
        super().__init__(app, issuer=ISSUER, role="admin", any_organization=True)


class Timer:
    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


class Versioned(Timer):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app({**scope, "path": scope["path"].replace("/v1", "")}, receive, send)


def without_version(scope: Any) -> Any:
    return {**scope, "path": scope["path"].replace("/v1", "")}


class Helped(Timer):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(without_version(scope), receive, send)


class Given:
    def __init__(self, app: Any, change: Any) -> None:
        self.app, self.change = app, change

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(self.change(scope), receive, send)


class Dispatching(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: Any) -> Any:
        request.scope.update(without_version(request.scope))
        return await call_next(request)


class ByConstant(Timer):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app({**scope, PATH: scope[PATH].replace("/v1", "")}, receive, send)


class Logging(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: Any) -> Any:
        response = await call_next(request)
        log.info("%s", response.status_code)
        return response


as_ours: Any = wraps(AuthMiddleware.__call__)


class Disguised(AuthMiddleware):
    @as_ours  # type: ignore[untyped-decorator]
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)


class OwnFiles(StaticFiles):
    pass


class Passing(Starlette):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await super().__call__({**scope, "app": self}, receive, send)

    def build_middleware_stack(self) -> Any:
        return CORSMiddleware(super().build_middleware_stack())


class OwnApp(Starlette):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.router(scope, receive, send)


class OwnRouter(Router):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await BARE(scope, receive, send)


class OwnRoute(Route):
    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        await BARE(scope, receive, send)


class OwnMount(Mount):
    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        await BARE(scope, receive, send)


class TimedMount(Mount):
    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        await super().handle(scope, receive, send)


@requires("authenticated")
async def with_scope(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.url.path)


def bare() -> Starlette:
    files = StaticFiles(directory="tests/adapters")
    return Starlette(
        routes=[
            Route("/open", serve, methods=["GET", "POST"]),
            Route("/endpoint", Endpoint),
            Route("/application", BARE),
            Route("/guarded", serve, middleware=[guard()]),
            Route("/guarded-application", AuthMiddleware(BARE, issuer=ISSUER)),
            Route("/optional", serve, middleware=[guard(required=False)]),
            Route("/exempt", serve, middleware=[guard(exempt={"/exempt": "a probe"})]),
            Route("/function", serve, middleware=[guard(exempt=[never])]),
            Route("/settled", serve, middleware=[Middleware(Settled)]),
            Route("/lenient", serve, middleware=[Middleware(Lenient, issuer=ISSUER)]),
            Route("/disguised", serve, middleware=[Middleware(Disguised, issuer=ISSUER)]),
            Route("/gzip", serve, middleware=[Middleware(GZipMiddleware), guard()]),
            Route("/requires", with_scope),
            WebSocketRoute("/ws", talk),
            WebSocketRoute("/guarded-ws", talk, middleware=[guard()]),
            Mount("/files", files),
            Mount("/own-files", OwnFiles(directory="tests/adapters")),
            Mount("/guarded-files", files, middleware=[guard(exempt=["/conftest.py"])]),
            Mount("/bare", BARE),
            Mount("/own-router", OwnRouter([Route("/me", serve, middleware=[guard()])])),
            OwnRoute("/own-route", serve, middleware=[guard()]),
            OwnMount("/own-mount", BARE, middleware=[guard()]),
            TimedMount("/timed", AuthMiddleware(BARE, issuer=ISSUER)),
            Mount("/{tenant}/shop", routes=[Route("/me", serve), Mount("/in", AuthMiddleware(Router([Route("/me", serve)]), issuer=ISSUER))]),
            Host("api.example.com", Router([Route("/me", serve, middleware=[guard()]), Route("/open", serve)])),
        ]
    )  # fmt: skip


BARE_STATES = {
    "GET /open": "open",
    "POST /open": "open",
    "* /endpoint": "open",
    "* /application": "open",
    "GET /guarded": "guarded",
    "* /guarded-application": "guarded",
    "GET /optional": "optional",
    "GET /exempt": "exempt",
    "GET /function": "unknown",
    "GET /settled": "guarded",
    "GET /lenient": "unknown",
    "GET /disguised": "unknown",
    "GET /gzip": "guarded",
    "GET /requires": "unknown",
    "WEBSOCKET /ws": "open",
    "WEBSOCKET /guarded-ws": "guarded",
    "* /files/*": "open",
    "* /own-files/*": "unknown",
    "* /guarded-files/*": "exempt",
    "* /bare/*": "unknown",
    "* /own-router/*": "unknown",
    "GET /own-route": "unknown",
    "* /own-mount/*": "unknown",
    "* /timed/*": "guarded",
    "GET /{tenant}/shop/me": "open",
    "GET /{tenant}/shop/in/me": "guarded",
    "GET //api.example.com/me": "guarded",
    "GET //api.example.com/open": "open",
}


def whole() -> Any:
    routes = [Route("/me", serve), Route("/health", serve), Mount("/bare", BARE)]
    app = Starlette(routes=routes, middleware=[Middleware(CORSMiddleware), guard(exempt=["/health"]), Middleware(Timer)])  # fmt: skip
    app.router.default = Router([Route("/fallback", serve)])
    return CORSMiddleware(app)


WHOLE = {
    "GET /me": "guarded",
    "GET /health": "exempt",
    "* /bare/*": "guarded",
    "GET /fallback": "guarded",
}


def versioned() -> Starlette:
    routes = [Route("/me", serve), Route("/own", serve, middleware=[guard()])]
    return Starlette(routes=routes, middleware=[guard(exempt=["/v1/me"]), Middleware(Versioned)])


VERSIONED = {"GET /me": "unknown", "GET /own": "guarded"}


def _rewriting(*layers: Any, **given: Any) -> Callable[[], Any]:
    def app() -> Any:
        routes = [Route("/me", serve)]
        middleware = [guard(exempt=["/v1/me"]), *(Middleware(layer, **given) for layer in layers)]
        return Starlette(routes=routes, middleware=middleware)

    return app


def late() -> Starlette:
    """Middleware that was added after the first request is never called."""
    app = Starlette(routes=[Route("/me", serve)], middleware=[Middleware(Timer)])
    app.middleware_stack = app.build_middleware_stack()
    app.user_middleware.append(guard())
    return app


LATE = {"GET /me": "unknown"}


def started() -> Starlette:
    app: Starlette = whole().app
    app.middleware_stack = app.build_middleware_stack()
    return app


def own_app() -> Starlette:
    """It calls its router without the middleware."""
    routes = [Route("/me", serve), Route("/own", serve, middleware=[guard()])]
    return OwnApp(routes=routes, middleware=[guard()])


OWN_APP = {"GET /me": "unknown", "GET /own": "guarded"}


def passing() -> Starlette:
    return Passing(routes=[Route("/me", serve)], middleware=[guard()])


PASSING = {"GET /me": "guarded"}


def fallback() -> Starlette:
    app = Starlette(routes=[Route("/me", serve, middleware=[guard()])])
    app.router.default = Router([Route("/fallback", serve)])
    return app


FALLBACK = {"GET /me": "guarded", "GET /fallback": "open"}


def around() -> Any:
    return AuthMiddleware(own_app(), issuer=ISSUER, required=False)


AROUND = {"GET /me": "optional", "GET /own": "guarded"}

APPS: list[tuple[Callable[[], Any], dict[str, str]]] = [
    (bare, BARE_STATES),
    (whole, WHOLE),
    (versioned, VERSIONED),
    *((_rewriting(each), {"GET /me": "unknown"}) for each in (Helped, Dispatching, ByConstant)),
    (_rewriting(Given, change=without_version), {"GET /me": "unknown"}),
    (_rewriting(Logging), {"GET /me": "guarded"}),
    (late, LATE),
    (started, WHOLE),
    (own_app, OWN_APP),
    (passing, PASSING),
    (fallback, FALLBACK),
    (around, AROUND),
]
# Unknown, although what makes it so passes everything on. The rest may refuse, or lead around a guard.
NEEDLESS = 3  # /function, /own-files and /bare
URLS = {
    "/files/*": "/files/__init__.py",
    "/guarded-files/*": "/guarded-files/conftest.py",
    "/bare/*": "/bare/x",
    "/{tenant}/shop/me": "/a/shop/me",
    "/{tenant}/shop/in/me": "/a/shop/in/me",
}
