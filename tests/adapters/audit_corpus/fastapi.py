"""Hard routes of FastAPI."""

from __future__ import annotations

from functools import partial, wraps
from typing import Any, Callable

from fastapi import APIRouter, Depends, FastAPI, Request, WebSocket
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.responses import PlainTextResponse
from starlette.staticfiles import StaticFiles

from torii_backend.asgi import AuthMiddleware
from torii_backend.fastapi import RequireAuth, optional_auth, require_auth

ISSUER = "https://acme.torii.so"
GUARD = require_auth(issuer=ISSUER)
ANY_GUARD: Any = GUARD
OPTIONAL = optional_auth(issuer=ISSUER)
ADMIN = require_auth(issuer=ISSUER, role="admin", any_organization=True)
PROBE = require_auth(issuer=ISSUER, exempt={"/probe": "load balancer", "/items/new": "a form"})


class Lenient(RequireAuth[Any]):
    async def __call__(self, request: Any) -> Any:
        return request


as_ours: Any = wraps(RequireAuth.__call__)


class Disguised(RequireAuth[Any]):
    @as_ours  # type: ignore[untyped-decorator]
    async def __call__(self, request: Any) -> Any:
        return request


LENIENT: Any = Lenient(GUARD._authenticator)
DISGUISED: Any = Disguised(GUARD._authenticator)


async def serve() -> str:
    return "in"


async def page(_: Request) -> PlainTextResponse:
    return PlainTextResponse("in")


async def talk(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


FROM_GUARD: Any = Depends(partial(GUARD))


def nested(auth: Any = FROM_GUARD) -> Any:
    return auth


def database() -> str:
    return "database"


FROM_DATABASE: Any = Depends(database)
FROM_NESTED: Any = Depends(nested)


def with_database(db: str = FROM_DATABASE, auth: Any = FROM_NESTED) -> str:
    return f"{db}{auth}"


class Timed(APIRoute):
    def get_route_handler(self) -> Callable[..., Any]:
        handle = super().get_route_handler()

        async def timed(request: Request) -> Any:
            return await handle(request)

        return timed


class Bare(APIRoute):
    def get_route_handler(self) -> Callable[..., Any]:
        async def handle(_: Request) -> Any:
            return PlainTextResponse(await self.endpoint())

        return handle


class Sometimes(APIRoute):
    def get_route_handler(self) -> Callable[..., Any]:
        handle = super().get_route_handler()

        async def internal(request: Request) -> Any:
            if "X-External" not in request.headers:
                return PlainTextResponse(await self.endpoint())
            return await handle(request)

        return internal


@wraps(serve)
async def decorated() -> str:
    return await serve()


def single() -> FastAPI:
    """Each route with dependencies of its own."""
    app = FastAPI(openapi_url=None)
    depends: dict[str, list[Any]] = {
        "open": [],
        "guarded": [GUARD],
        "admin": [ADMIN],
        "optional": [OPTIONAL],
        "both": [OPTIONAL, GUARD],
        "probe": [PROBE],
        "items/{id}": [PROBE],
        "numbers/{id:int}": [PROBE],
        "{rest:path}": [PROBE],
        "partial": [partial(GUARD)],
        "nested": [nested],
        "database": [with_database],
        "only-database": [database],
        "scheme": [HTTPBearer()],
        "lenient": [LENIENT],
        "disguised": [DISGUISED],
        "partial-given": [partial(ANY_GUARD, request=None)],
    }
    for path, calls in depends.items():
        app.get(f"/{path}", dependencies=[Depends(call) for call in calls])(serve)
    app.websocket("/ws")(talk)
    app.websocket("/guarded-ws", dependencies=[Depends(GUARD)])(talk)
    app.post("/guarded")(serve)
    app.api_route("/many", methods=["GET", "HEAD", "PUT"], dependencies=[Depends(GUARD)])(serve)
    app.get("/decorated")(decorated)
    app.get("/decorated-guarded", dependencies=[Depends(GUARD)])(decorated)
    return app


SINGLE = {
    "GET /open": "open",
    "GET /guarded": "guarded",
    "POST /guarded": "open",
    "GET /admin": "guarded",
    "GET /optional": "optional",
    "GET /both": "guarded",
    "GET /probe": "exempt",
    "GET /items/{id}": "exempt",
    "GET /numbers/{id:int}": "guarded",
    "GET /{rest:path}": "exempt",
    "GET /partial": "guarded",
    "GET /nested": "guarded",
    "GET /database": "guarded",
    "GET /only-database": "unknown",
    "GET /scheme": "unknown",
    "GET /lenient": "unknown",
    "GET /disguised": "unknown",
    "GET /partial-given": "unknown",
    "WEBSOCKET /ws": "open",
    "WEBSOCKET /guarded-ws": "guarded",
    "GET /many": "guarded",
    "PUT /many": "guarded",
    "GET /decorated": "unknown",
    "GET /decorated-guarded": "guarded",
}


def routers() -> FastAPI:
    """Dependencies of routers and of the application, which mounts and pages don't have."""
    app = FastAPI(dependencies=[Depends(GUARD)], docs_url=None, redoc_url=None)
    inner, outer = APIRouter(prefix="/inner"), APIRouter(prefix="/outer")
    inner.get("/me")(serve)
    inner.websocket("/ws")(talk)
    pages = APIRouter()
    pages.add_route("/page", page)
    app.include_router(pages)
    outer.include_router(inner)
    app.include_router(outer, prefix="/v1")
    shop = FastAPI(openapi_url=None)
    shop.get("/cart")(serve)
    guarded = FastAPI(openapi_url=None, dependencies=[Depends(PROBE)])
    guarded.get("/probe")(serve)
    guarded.get("/me")(serve)
    shop.mount("/guarded", guarded)
    app.mount("/shop", shop)
    app.mount("/static", StaticFiles(directory="tests/adapters"))
    return app


ROUTERS = {
    "GET /openapi.json": "open",
    "GET /v1/outer/inner/me": "guarded",
    "WEBSOCKET /v1/outer/inner/ws": "guarded",
    "GET /page": "open",
    "GET /shop/cart": "open",
    "GET /shop/guarded/probe": "exempt",
    "GET /shop/guarded/me": "guarded",
    "* /static/*": "open",
}


def only_inner() -> FastAPI:
    """A router with a guard, included in an application without."""
    app, guarded = FastAPI(openapi_url=None), APIRouter(dependencies=[Depends(GUARD)])
    guarded.get("/me")(serve)
    app.include_router(guarded, prefix="/a")
    bare = APIRouter()
    bare.get("/me")(serve)
    app.include_router(bare, prefix="/b")
    app.include_router(bare, prefix="/c", dependencies=[Depends(GUARD)])
    return app


ONLY_INNER = {"GET /a/me": "guarded", "GET /b/me": "open", "GET /c/me": "guarded"}


def overridden() -> FastAPI:
    app = FastAPI(openapi_url=None)
    app.get("/me", dependencies=[Depends(nested)])(serve)
    app.get("/other", dependencies=[Depends(ADMIN)])(serve)
    app.dependency_overrides[nested] = lambda: None
    app.dependency_overrides[ADMIN] = GUARD
    app.dependency_overrides[database] = GUARD
    # Nobody tells a mounted router of them.
    router = APIRouter()
    router.get("/me", dependencies=[Depends(database)])(serve)
    app.mount("/mounted", router)
    app.get("/database", dependencies=[Depends(database)])(serve)
    return app


OVERRIDDEN = {
    "GET /me": "unknown",
    "GET /other": "guarded",
    "GET /mounted/me": "unknown",
    "GET /database": "guarded",
}


def replaced() -> FastAPI:
    """Routes that don't do what they were declared to do."""
    app = FastAPI(openapi_url=None)
    for name in ("app", "dependant", "as-declared"):
        app.get(f"/{name}", dependencies=[Depends(GUARD)])(serve)
    app.get("/open")(serve)
    by_app, by_dependant, declared, opened = (
        route for route in app.routes if hasattr(route, "app")
    )
    by_app.app = PlainTextResponse("in")
    opened.dependant = declared.dependant  # type: ignore[attr-defined]
    by_dependant.dependant = opened.dependant  # type: ignore[attr-defined]
    return app


REPLACED = {
    "GET /app": "unknown",
    "GET /dependant": "unknown",
    "GET /as-declared": "guarded",
    "GET /open": "unknown",
}


def route_classes() -> FastAPI:
    app = FastAPI(openapi_url=None, dependencies=[Depends(GUARD)])
    for name, kind in (("timed", Timed), ("bare", Bare), ("sometimes", Sometimes)):
        router = APIRouter(route_class=kind)
        router.get(f"/{name}")(serve)
        app.include_router(router)
    return app


ROUTE_CLASSES = {"GET /timed": "guarded", "GET /bare": "unknown", "GET /sometimes": "unknown"}


def in_middleware() -> FastAPI:
    app = FastAPI()
    app.add_middleware(
        AuthMiddleware, issuer=ISSUER, exempt={"/docs*": "help", "/openapi.json": "help"}
    )

    @app.middleware("http")
    async def timed(request: Request, call_next: Any) -> Any:
        return await call_next(request)

    app.get("/me")(serve)
    app.get("/optional", dependencies=[Depends(OPTIONAL)])(serve)
    app.websocket("/ws")(talk)
    app.mount("/static", StaticFiles(directory="tests/adapters"))
    return app


IN_MIDDLEWARE = {
    "GET /docs": "exempt",
    "GET /docs/oauth2-redirect": "exempt",
    "GET /openapi.json": "exempt",
    "GET /redoc": "guarded",
    "GET /me": "guarded",
    "GET /optional": "guarded",
    "WEBSOCKET /ws": "guarded",
    "* /static/*": "guarded",
}

APPS: list[tuple[Callable[[], Any], dict[str, str]]] = [
    (single, SINGLE),
    (routers, ROUTERS),
    (only_inner, ONLY_INNER),
    (overridden, OVERRIDDEN),
    (replaced, REPLACED),
    (route_classes, ROUTE_CLASSES),
    (in_middleware, IN_MIDDLEWARE),
]
# Unknown, although what makes it so passes everything on. The rest may refuse, or lead around a guard.
NEEDLESS = 2  # /only-database and /decorated
URLS = {
    "/items/{id}": "/items/new",
    "/numbers/{id:int}": "/numbers/5",
    "/{rest:path}": "/probe",
    "/static/*": "/static/__init__.py",
}
