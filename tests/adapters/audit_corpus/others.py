"""Routes of frameworks without an adapter, inside our middleware."""

from __future__ import annotations

from typing import Any, Callable

from torii_backend import asgi, wsgi

ISSUER = "https://acme.torii.so"
OPTIONS: Any = {"issuer": ISSUER, "exempt": {"/health": "load balancer", "/files/*": "assets"}}


class Resource:
    def on_get(self, _: Any, response: Any, **__: Any) -> None:
        response.text = "in"

    on_post = on_get


class AsyncResource:
    async def on_get(self, _: Any, response: Any, **__: Any) -> None:
        response.text = "in"

    async def on_websocket(self, _: Any, websocket: Any) -> None:
        await websocket.accept()
        await websocket.close()


def falcon() -> Any:
    from falcon import App

    app = App()
    for path in ("/me", "/health", "/items/{id:int}", "/files/{rest:path}", "/{name}"):
        app.add_route(path, Resource())
    app.add_sink(lambda *_, **__: None, "/sink")
    app.add_static_route("/static", "/")
    return wsgi.AuthMiddleware(app, **OPTIONS)


FALCON = {
    "GET /me": "guarded",
    "POST /me": "guarded",
    "GET /health": "exempt",
    "POST /health": "exempt",
    "GET /items/{id:int}": "guarded",
    "POST /items/{id:int}": "guarded",
    "GET /files/{rest:path}": "exempt",
    "POST /files/{rest:path}": "exempt",
    "GET /{name}": "exempt",
    "POST /{name}": "exempt",
    "* /sink*": "guarded",
    "* /static/*": "guarded",
}


def falcon_asgi() -> Any:
    from falcon.asgi import App

    app = App()
    app.add_route("/me", AsyncResource())
    return asgi.AuthMiddleware(app, **OPTIONS)


FALCON_ASGI = {"GET /me": "guarded", "WEBSOCKET /me": "guarded"}


def bottle() -> Any:
    from bottle import Bottle

    app, shop = Bottle(), Bottle()
    shop.get("/cart", callback=lambda: "in")
    for path in (
        "/me",
        "/health",
        "/items/<id:int>",
        "/files/<rest:path>",
        "/old/<name:re:[a-z]+>",
    ):
        app.get(path, callback=lambda **_: "in")
    app.route("/any", "ANY", lambda: "in")
    app.mount("/shop", wsgi.AuthMiddleware(shop, issuer=ISSUER))
    app.mount("/bare", lambda *_: [])
    return wsgi.AuthMiddleware(app, **OPTIONS)


BOTTLE = {
    "GET /me": "guarded",
    "GET /health": "exempt",
    "GET /items/<id:int>": "guarded",
    "GET /files/<rest:path>": "exempt",
    "GET /old/<name:re:[a-z]+>": "guarded",
    "* /any": "guarded",
    "GET /shop/cart": "guarded",
    "* /bare/*": "guarded",
}


def bottle_alone() -> Any:
    return bottle()._app


BOTTLE_ALONE = dict.fromkeys(BOTTLE, "unknown") | {"GET /shop/cart": "guarded"}


def pyramid() -> Any:
    from pyramid.config import Configurator
    from pyramid.response import Response

    def view(*_: Any) -> Any:
        return Response("in")

    with Configurator() as config:
        for path in ("/me", "/health", "items/{id}", "/files/*rest", r"/years/{year:\d{4}}"):
            config.add_route(path, path)
            config.add_view(view, route_name=path, request_method="GET")
        config.add_view(view, name="found")
        return wsgi.AuthMiddleware(config.make_wsgi_app(), **OPTIONS)


PYRAMID = {
    "GET /me": "guarded",
    "GET /health": "exempt",
    "GET /items/{id}": "guarded",
    "GET /files/*": "exempt",
    r"GET /years/{year:\d{4}}": "exempt",
    "* /*": "exempt",
}


def litestar() -> Any:
    from litestar import Litestar, WebSocket, get, websocket

    @get(["/me", "/health", "/items/{id:int}", "/files/{rest:path}"])
    async def serve() -> str:
        return "in"

    @websocket("/ws")
    async def talk(socket: WebSocket[Any, Any, Any]) -> None:
        await socket.accept()
        await socket.close()

    serve.fn.__annotations__ = {"return": str}
    talk.fn.__annotations__ = {"socket": WebSocket, "return": None}
    return asgi.AuthMiddleware(Litestar([serve, talk], openapi_config=None), **OPTIONS)


LITESTAR = {
    "GET /me": "guarded",
    "GET /health": "exempt",
    "GET /items/{id:int}": "guarded",
    "GET /files/{rest:path}": "exempt",
    "WEBSOCKET /ws": "guarded",
}


def quart() -> Any:
    from quart import Quart, websocket

    app = Quart("audited", static_folder=None)

    async def serve(**_: Any) -> str:
        return "in"

    async def talk() -> None:
        await websocket.accept()

    for path in ("/me", "/health", "/items/<int:id>", "/files/<path:rest>"):
        app.add_url_rule(path, path, serve)
    app.add_websocket("/ws", "ws", talk)
    app.asgi_app = asgi.AuthMiddleware(app.asgi_app, **OPTIONS)  # type: ignore[assignment,method-assign]
    return app


QUART = {
    "GET /me": "guarded",
    "GET /health": "exempt",
    "GET /items/<int:id>": "guarded",
    "GET /files/<path:rest>": "exempt",
    "WEBSOCKET /ws": "guarded",
}


def _serve(environ: Any, start_response: Any) -> Any:
    del environ
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"in"]


def plain() -> Any:
    return wsgi.AuthMiddleware(_serve, issuer=ISSUER)


def plain_optional() -> Any:
    return wsgi.AuthMiddleware(_serve, issuer=ISSUER, required=False)


def plain_alone() -> Any:
    return _serve


APPS: list[tuple[Callable[[], Any], dict[str, str]]] = [
    (falcon, FALCON),
    (falcon_asgi, FALCON_ASGI),
    (bottle, BOTTLE),
    (bottle_alone, BOTTLE_ALONE),
    (pyramid, PYRAMID),
    (litestar, LITESTAR),
    (quart, QUART),
    (plain, {"* /*": "guarded"}),
    (plain_optional, {"* /*": "optional"}),
    (plain_alone, {"* /*": "unknown"}),
]
# Unknown, although what makes it so passes everything on. The rest may refuse, or lead around a guard.
NEEDLESS = 8  # without our middleware
URLS = {
    "/files/{rest:path}": "/files/x",
    "/files/<rest:path>": "/files/x",
    "/files/<path:rest>": "/files/x",
    "/files/*": "/files/x",
    "/items/{id:int}": "/items/5",
    "/items/<id:int>": "/items/5",
    "/items/<int:id>": "/items/5",
    "/items/{id}": "/items/5",
    "/{name}": "/health",
    "/old/<name:re:[a-z]+>": "/old/x",
    r"/years/{year:\d{4}}": "/health",
    "/sink*": "/sink/x",
    "/static/*": "/static/x",
    "/bare/*": "/bare/x",
    "/*": "/health",
}
