"""A view raises a refusal: where a framework lets it be raised, and who else may handle it."""

# No `from __future__ import annotations`: FastAPI could not resolve local names from strings.
import asyncio
from collections.abc import Iterator
from typing import Annotated, Any, Callable

import pytest

from torii_backend import (
    Auth,
    InvalidToken,
    PermissionDenied,
    ToriiAuthError,
    authenticate_request,
    current_auth,
)
from torii_backend.asgi import AuthMiddleware
from torii_backend.wsgi import AuthMiddleware as WsgiMiddleware

from .application import OwnAuthError
from .issuers import Issuers
from .messages import Request, bearer
from .transport import call_asgi, call_wsgi
from .websocket import call_websocket, websocket_scope

BODY = b'{"error":{"code":"permission_denied","message":"Not yours."}}'


def deny(*_: Any) -> Any:
    raise PermissionDenied("Not yours.")


def expire(*_: Any) -> Any:
    """Raise what another token has caused, not the one of the request."""
    raise OwnAuthError("expired")


def late(*_: Any) -> Iterator[bytes]:
    deny()
    yield b""


@pytest.mark.parametrize("starts", [True, False])
@pytest.mark.parametrize("body", [deny, late])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_wsgi_application_may_refuse_until_its_first_chunk(
    issuers: Issuers, starts: bool, body: Callable[[], Any], method: str
) -> None:
    closed = []

    class Body:
        def __init__(self) -> None:
            self._chunks = body()

        def __iter__(self) -> Iterator[bytes]:
            return iter(self._chunks)

        def close(self) -> None:
            closed.append(True)

    def app(environ: Any, start_response: Any) -> Any:
        if starts:
            start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "9")])
        return Body()

    guarded = WsgiMiddleware(app, issuer=issuers.home.issuer)
    response = call_wsgi(guarded, bearer(issuers.token(), method=method))
    assert (response.status, response.body) == (403, b"" if method == "HEAD" else BODY)
    assert response.header("content-length") == str(len(BODY))
    assert closed == [True] * (body is late)


def test_a_server_that_has_sent_headers_gets_the_error_itself(issuers: Issuers) -> None:
    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        if exc_info:
            raise exc_info[1]

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"chunk"
        deny()

    environ = {"HTTP_AUTHORIZATION": f"Bearer {issuers.token()}", "REQUEST_METHOD": "GET"}
    body = iter(WsgiMiddleware(app, issuer=issuers.home.issuer)(environ, start_response))
    assert next(body) == b"chunk"
    with pytest.raises(PermissionDenied):
        next(body)


def test_an_asgi_response_that_has_started_stays(issuers: Issuers) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        deny()

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    header = (b"authorization", f"Bearer {issuers.token()}".encode())
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [header]}
    guarded = AuthMiddleware(app, issuer=issuers.home.issuer)
    with pytest.raises(PermissionDenied):
        asyncio.run(guarded(scope, None, send))  # type: ignore[arg-type]
    assert len(sent) == 1


@pytest.mark.parametrize("accepts", [True, False])
@pytest.mark.parametrize("receives", [True, False])
def test_a_websocket_is_refused_or_closed(issuers: Issuers, accepts: bool, receives: bool) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if receives or accepts:
            await receive()
        if accepts:
            await send({"type": "websocket.accept"})
        deny()

    guarded = AuthMiddleware(app, issuer=issuers.home.issuer)
    scope = websocket_scope(bearer(issuers.token(), "/ws"), answers=False)
    *accepted, closed = call_websocket(guarded, scope)
    assert len(accepted) == accepts
    assert (closed["type"], closed["code"]) == ("websocket.close", 1008)
    if not accepts:
        scope["extensions"] = {"websocket.http.response": {}}
        start, body = call_websocket(guarded, scope)
        assert (start["status"], body["body"]) == (403, BODY)


class TestFlask:
    """Flask's error handlers come first, and blueprints and decorators need no extension."""

    @pytest.fixture
    def client_of(self, issuers: Issuers) -> Callable[..., Any]:
        flask = pytest.importorskip("flask")
        from torii_backend.flask import Torii, require_auth

        def client(view: Any, place: str, *handled: Any) -> Any:
            app = flask.Flask("app")
            app.config["TORII_ISSUER"] = issuers.home.issuer
            routes: Any = app
            if place == "app":
                Torii(app)
            elif place == "blueprint":
                routes = flask.Blueprint("b", "b")
                routes.before_request(Torii().guard())
            else:
                view = require_auth(view)
            routes.get("/")(view)
            if routes is not app:
                app.register_blueprint(routes)
            for error in handled:
                app.register_error_handler(error, lambda error: (f"own {error}", 499))
            header = {"Authorization": f"Bearer {issuers.token()}"}
            return app.test_client().get("/", headers=header)

        return client

    @pytest.mark.parametrize("place", ["app", "blueprint", "view"])
    def test_wherever_the_guard_is(self, client_of: Any, place: str) -> None:
        assert (client_of(deny, place).status_code, client_of(deny, place).data) == (403, BODY)
        assert client_of(expire, place).status_code == 500
        assert client_of(expire, place, Exception).status_code == 499

    def test_own_handlers_come_first(self, client_of: Any) -> None:
        for error in (PermissionDenied, ToriiAuthError, 403, Exception):
            assert client_of(deny, "app", error).status_code == 499
        assert client_of(deny, "app", 404, InvalidToken).status_code == 403


class TestFastAPI:
    """A dependency may refuse as well, and the application's handlers come first."""

    @pytest.mark.parametrize("is_async", [True, False])
    @pytest.mark.parametrize("raises", [deny, expire])
    @pytest.mark.parametrize("handled", [None, PermissionDenied, ToriiAuthError, Exception])
    def test_in_a_route_or_a_dependency(
        self, issuers: Issuers, is_async: bool, raises: Any, handled: Any
    ) -> None:
        pytest.importorskip("fastapi")
        from fastapi import Depends, FastAPI
        from fastapi.responses import JSONResponse

        from torii_backend.fastapi import require_auth

        guard = require_auth(issuer=issuers.home.issuer)
        app = FastAPI()

        def dependency(auth: Annotated[Auth, Depends(guard)]) -> None:
            raises()

        async def async_dependency(auth: Annotated[Auth, Depends(guard)]) -> None:
            raises()

        used = async_dependency if is_async else dependency
        app.get("/route")(used)
        app.get("/dependency", dependencies=[Depends(used)])(lambda: "reached")
        if handled:
            own = JSONResponse("own", 499)
            app.add_exception_handler(handled, lambda *_: own)
        status = 403 if raises is deny else 500
        if handled in (ToriiAuthError, PermissionDenied) and issubclass(
            PermissionDenied if raises is deny else InvalidToken, handled
        ):
            status = 499
        for path in ("/route", "/dependency"):
            response = asyncio.run(call_asgi(app, bearer(issuers.token(), path)))
            # With a handler of Exception, Starlette raises the error as well: the server's 500.
            assert response.status == status
            assert status != 403 or response.json()["detail"]["message"] == "Not yours."

    @pytest.mark.parametrize("accepts", [True, False])
    def test_in_a_websocket(self, issuers: Issuers, accepts: bool) -> None:
        pytest.importorskip("fastapi")
        from fastapi import Depends, FastAPI, WebSocket

        from torii_backend.fastapi import require_auth

        guard = require_auth(issuer=issuers.home.issuer)
        app = FastAPI()

        @app.websocket("/ws")
        async def talk(websocket: WebSocket, auth: Annotated[Auth, Depends(guard)]) -> None:
            if accepts:
                await websocket.accept()
            deny()

        scope = websocket_scope(bearer(issuers.token(), "/ws"), answers=False)
        *accepted, closed = call_websocket(app, scope)
        assert len(accepted) == accepts
        assert (closed["type"], closed["code"]) == ("websocket.close", 1008)


class TestStarlette:
    def test_the_middleware_of_an_application_catches_what_its_routes_raise(
        self, issuers: Issuers
    ) -> None:
        pytest.importorskip("starlette")
        from starlette.applications import Starlette
        from starlette.routing import Route

        async def view(request: Any) -> Any:
            deny()

        app = Starlette(routes=[Route("/me", view)])
        app.add_middleware(AuthMiddleware, issuer=issuers.home.issuer)
        response = asyncio.run(call_asgi(app, bearer(issuers.token())))
        assert (response.status, response.body) == (403, BODY)


class TestNinja:
    def test_handlers_of_the_api_come_first(self, issuers: Issuers) -> None:
        pytest.importorskip("ninja")
        from django.http import HttpRequest, HttpResponse
        from django.urls import path
        from ninja import NinjaAPI

        from torii_backend.ninja import ToriiBearer

        from .django_project import ask

        def own(request: HttpRequest, error: Any) -> HttpResponse:
            return HttpResponse("own", status=499)

        def status_of(view: Any, *handled: Any) -> int:
            bearer_guard = ToriiBearer(issuer=issuers.home.issuer)
            api = NinjaAPI(auth=bearer_guard, urls_namespace=f"refusing-{len(names)}")
            names.append(api)
            api.get("/x")(view)
            for error in handled:
                api.add_exception_handler(error, own)
            return ask((path("", api.urls),), bearer(issuers.token(), "/x")).status

        names: list[Any] = []
        assert status_of(deny) == 403
        assert status_of(expire) == 500
        assert status_of(expire, Exception) == 499
        for error in (PermissionDenied, ToriiAuthError):
            assert status_of(deny, error) == 499
        assert status_of(deny, Exception) == 403


class TestRestFramework:
    def test_the_handler_of_the_project_comes_first(
        self, issuers: Issuers, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pytest.importorskip("rest_framework")
        from rest_framework.response import Response
        from rest_framework.views import APIView, exception_handler

        from torii_backend.drf import ToriiAuthentication

        from .django_project import ask

        seen: list[Any] = []

        class View(APIView):
            authentication_classes = (ToriiAuthentication,)
            get = staticmethod(deny)

            def get_exception_handler(self) -> Any:
                return self.settings.handler

        def handled_by(handler: Any) -> Any:
            monkeypatch.setattr(View, "get_exception_handler", lambda _: handler)
            torii = {"ISSUER": issuers.home.issuer}
            return ask(View.as_view(), bearer(issuers.token()), TORII=torii)

        def own(error: Exception, context: Any) -> Any:
            seen.append(type(error))
            if isinstance(error, PermissionDenied):
                return Response("own", 499)
            return exception_handler(error, context)

        assert handled_by(exception_handler).status == 403
        assert (handled_by(own).status, seen) == (499, [PermissionDenied])


@pytest.mark.parametrize("framework", ["flask", "fastapi"])
def test_a_configuration_error_is_not_for_an_applications_handler_of_value_errors(
    framework: str,
) -> None:
    """It would blame the client: here for an issuer that is missing, and for a missing guard."""
    pytest.importorskip(framework)
    if framework == "flask":
        from flask import Flask

        from torii_backend.flask import require_auth

        app = Flask("app")
        app.register_error_handler(ValueError, lambda _: ("bad request", 400))
        app.add_url_rule("/me", "me", require_auth(lambda: "in"))
        app.add_url_rule("/open", "open", lambda: str(current_auth()))
        client = app.test_client()
        statuses = [client.get(path).status_code for path in ("/me", "/open")]
    else:
        from fastapi import FastAPI
        from fastapi.responses import JSONResponse

        api = FastAPI()
        api.add_exception_handler(ValueError, lambda *_: JSONResponse("bad request", 400))
        api.get("/me")(lambda: authenticate_request({}))
        api.get("/open")(lambda: str(current_auth()))
        statuses = [asyncio.run(call_asgi(api, Request(path))).status for path in ("/me", "/open")]
    assert statuses == [500, 500]


def test_an_asgi_application_that_has_read_its_request_may_refuse_it(issuers: Issuers) -> None:
    """The guard doesn't wait for more of the body, which would last until the client hangs up."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert not (await receive())["more_body"]
        deny()

    messages = [{"type": "http.request", "body": b"{}", "more_body": False}]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop()  # an error if it is asked twice

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [
        (b"authorization", f"Bearer {issuers.token()}".encode()),
        (b"content-length", b"2"),
    ]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    asyncio.run(AuthMiddleware(app, issuer=issuers.home.issuer)(scope, receive, send))
    assert (sent[0]["status"], sent[1]["body"]) == (403, BODY)
