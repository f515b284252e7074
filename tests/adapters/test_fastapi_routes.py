"""`unguarded_routes` lists what answers without a token, and leaves out only what doesn't."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, WebSocket
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from torii_backend import Verifier
from torii_backend.asgi import AuthMiddleware
from torii_backend.fastapi import optional_auth, require_auth, unguarded_routes

from .messages import Request
from .transport import call_asgi

Options = dict[str, Any]
DOCS = ["GET /docs", "GET /docs/oauth2-redirect", "GET /openapi.json", "GET /redoc"]


@pytest.fixture
def options(issuer: str) -> Options:
    return {"verifier": Verifier(issuer)}


async def _page(request: Any) -> PlainTextResponse:
    return PlainTextResponse("page")


BARE: Any = _page


async def _talk(websocket: WebSocket) -> None:
    await websocket.accept()


def _shop() -> APIRouter:
    router = APIRouter(prefix="/shop")
    router.get("/{item}")(lambda item: item)
    router.api_route("/cart", methods=["POST", "GET"])(lambda: "cart")
    router.websocket("/ws")(_talk)
    router.add_route("/page", _page)  # a router adds its prefix to routes of FastAPI only
    inner = APIRouter(prefix="/deep")
    inner.get("/er")(lambda: "deep")
    router.include_router(inner)
    return router


SHOP = ["GET /page", "GET /shop/{item}", "GET,POST /shop/cart", "WEBSOCKET /shop/ws"]


def test_routes_without_a_guard_are_listed(tmp_path: Path) -> None:
    app = FastAPI()
    app.include_router(_shop())
    app.mount("/static", StaticFiles(directory=tmp_path))
    app.mount(
        "/star", Starlette(routes=[Route("/page", _page), Route("/any", PlainTextResponse())])
    )
    listed = [*DOCS, *SHOP, "GET /shop/deep/er", "GET /star/page", "* /star/any", "* /static/*"]
    assert unguarded_routes(app) == sorted(listed)
    assert unguarded_routes(app.router) == sorted(listed)


def test_dependencies_guard_neither_mounts_nor_pages(options: Options, tmp_path: Path) -> None:
    guard = require_auth(**options)
    app = FastAPI(dependencies=[Depends(guard)])
    app.include_router(_shop())
    app.mount("/static", StaticFiles(directory=tmp_path))
    assert unguarded_routes(app) == sorted([*DOCS, "GET /page", "* /static/*"])
    assert asyncio.run(call_asgi(app, Request("/page"))).status == 200
    assert asyncio.run(call_asgi(app, Request("/shop/cart"))).status == 401
    app.dependency_overrides[guard] = lambda: None
    assert "GET /shop/{item}" in unguarded_routes(app)


@pytest.mark.parametrize("place", ["route", "router", "include", "nested"])
def test_a_guard_counts_wherever_it_is_declared(options: Options, place: str) -> None:
    guard = Depends(partial(require_auth(**options)))

    def user(auth: Any = guard) -> Any:
        return auth

    at = {place: [guard if place != "nested" else Depends(user)]}
    app, router = FastAPI(openapi_url=None), APIRouter(dependencies=at.get("router"))
    router.get("/me", dependencies=at.get("route") or at.get("nested"))(lambda: "in")
    router.websocket("/ws", dependencies=at.get("route") or at.get("nested"))(_talk)
    outer = APIRouter(prefix="/v1")
    outer.include_router(router, dependencies=at.get("include"))
    app.include_router(outer, prefix="/api")
    assert unguarded_routes(app) == []


def test_middleware_guards_all_that_is_inside(options: Options, tmp_path: Path) -> None:
    guards = [Middleware(CORSMiddleware), Middleware(AuthMiddleware, **options)]
    inside = FastAPI(middleware=guards)
    inside.include_router(_shop())
    inside.mount("/static", StaticFiles(directory=tmp_path))
    around = FastAPI()
    around.include_router(_shop())
    for app in (
        inside,
        AuthMiddleware(around, **options),
        CORSMiddleware(AuthMiddleware(around, **options)),
    ):
        assert unguarded_routes(app) == []
    outer = Starlette(
        routes=[
            Mount("/one", AuthMiddleware(around, **options)),
            Mount("/two", around, middleware=[Middleware(partial(AuthMiddleware, **options))]),
            Route("/three", _page, middleware=[Middleware(AuthMiddleware, **options)]),
            Route("/four", AuthMiddleware(BARE, **options)),
            Mount("/five", routes=[Route("/open", _page)]),
        ]
    )
    assert unguarded_routes(outer) == ["GET /five/open"]


def test_exempt_and_optional_routes_are_listed(options: Options) -> None:
    exempt = ["/health", "/public/*"]
    guard = require_auth(**options, exempt=exempt)
    inner = FastAPI(openapi_url=None, dependencies=[Depends(guard)])
    for path in ("/health", "/public/{id}", "/private", "/items/{id}", "/{rest:path}"):
        inner.get(path)(lambda: "in")
    inner.get("/home", dependencies=[Depends(optional_auth(**options))])(lambda: "in")
    listed = ["GET /health", "GET /public/{id}", "GET /{rest:path}"]
    assert unguarded_routes(inner) == listed
    outer = FastAPI(openapi_url=None)
    outer.get("/home", dependencies=[Depends(optional_auth(**options))])(lambda: "in")
    outer.mount("/shop", inner)
    below = [line.replace(" ", " /shop") for line in listed]
    assert unguarded_routes(outer) == ["GET /home", *below]
    whole = AuthMiddleware(outer, **options, exempt=["/shop/health", "/home"])
    assert unguarded_routes(whole) == ["GET /home", "GET /shop/health", "GET /shop/{rest:path}"]


@pytest.mark.parametrize("exempt", ["/static/img/logo.png", "/static/img/*", "/st*", "/static/*"])
def test_an_exempt_path_may_be_inside_a_mount(
    options: Options, tmp_path: Path, exempt: str
) -> None:
    app = FastAPI(openapi_url=None)
    app.mount("/static", StaticFiles(directory=tmp_path))
    app.get("/stock/{item}/{rest:path}")(lambda: "in")
    listed = unguarded_routes(AuthMiddleware(app, **options, exempt=[exempt]))
    assert listed == ["* /static/*"] + ["GET /stock/{item}/{rest:path}"] * (exempt == "/st*")


def test_a_function_may_exempt_any_path_of_a_route(options: Options) -> None:
    guard = require_auth(**options, exempt=[lambda path: path == "/odd"])
    app = FastAPI(openapi_url=None, dependencies=[Depends(guard)])
    for path in ("/odd", "/private"):
        app.get(path)(lambda: "in")
    app.get("/both", dependencies=[Depends(require_auth(**options))])(lambda: "in")
    assert unguarded_routes(app) == ["GET /odd", "GET /private"]


def test_what_cannot_be_looked_into_is_listed_as_a_whole(options: Options) -> None:
    class Wrapper:
        def __init__(self, app: Any) -> None:
            self.app = app

    odd: Any = Wrapper(AuthMiddleware(FastAPI(), **options))
    app = Starlette(routes=[Mount("/odd", odd), Mount("/bare", BARE)])
    assert unguarded_routes(app) == ["* /bare/*", "* /odd/*"]
    assert unguarded_routes(odd) == ["* /*"]


def test_a_guard_with_a_call_of_its_own_is_not_relied_on(options: Options) -> None:
    class Lenient(AuthMiddleware):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await self._app(scope, receive, send)

    app = Starlette(routes=[Route("/me", _page)], middleware=[Middleware(Lenient, **options)])
    assert unguarded_routes(app) == ["GET /me"]


def test_static_files_of_a_frontend_are_routes(options: Options, tmp_path: Path) -> None:
    app = FastAPI(openapi_url=None)
    if not hasattr(app, "frontend"):
        pytest.skip("newer versions of FastAPI")
    router = APIRouter(dependencies=[Depends(require_auth(**options))])
    router.frontend("/in", directory=tmp_path)
    app.include_router(router, prefix="/api")
    app.frontend("/", directory=tmp_path)
    assert unguarded_routes(app) == ["* /*"]
    open_router = APIRouter()
    open_router.frontend("/in", directory=tmp_path)
    app.include_router(open_router, prefix="/open")
    assert unguarded_routes(app) == ["* /*", "* /open/in/*"]
