"""`Vary` on responses that an application makes in its own ways: what it sets stays."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Callable, Union

import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException
from fastapi import Response as FastAPIResponse
from fastapi.responses import JSONResponse, StreamingResponse
from flask import Blueprint, Flask, abort, make_response, session
from flask import Response as FlaskResponse

from torii_backend.asgi import AuthMiddleware as AsgiMiddleware
from torii_backend.fastapi import require_auth as fastapi_auth
from torii_backend.flask import Torii, require_auth
from torii_backend.wsgi import AuthMiddleware

from .issuers import Issuers
from .messages import Request, Response, bearer
from .transport import call_asgi, call_wsgi

BOTH = "Cookie, Authorization"


def _sets_cookie() -> FlaskResponse:
    response = make_response("in")
    response.headers["Vary"] = "Cookie"
    return response


def _sets(_: Flask) -> Callable[[], FlaskResponse]:
    return _sets_cookie


def _overwrites(app: Flask) -> Callable[[], str]:
    def overwrite(response: FlaskResponse) -> FlaskResponse:
        response.headers["Vary"] = "Cookie"
        return response

    app.after_request(overwrite)
    return lambda: "in"


def _uses_session(app: Flask) -> Callable[[], str]:
    app.secret_key = "secret"
    return lambda: str(session.get("name"))


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("prepare", [_sets, _overwrites, _uses_session])
def test_in_flask_what_the_application_sets_stays(
    issuers: Issuers, prepare: Callable[[Flask], Any], whole: bool
) -> None:
    app = Flask("app")
    app.config["TORII_ISSUER"] = issuers.home.issuer
    view = prepare(app)
    if whole:
        Torii(app)
    app.add_url_rule("/me", "me", view if whole else require_auth(view))
    for _ in range(2):
        names = str(call_wsgi(app, bearer(issuers.token())).header("vary")).split(", ")
        assert sorted(names) == ["Authorization", "Cookie"]


def test_in_flask_errors_of_a_guarded_view_vary(issuers: Issuers) -> None:
    app = Flask("app")
    blueprint = Blueprint("shop", __name__)
    blueprint.before_request(Torii(issuer=issuers.home.issuer).guard())
    blueprint.add_url_rule("/me", "me", lambda: abort(404))
    blueprint.add_url_rule("/crash", "crash", lambda: str(1 // 0))
    app.register_blueprint(blueprint)
    app.register_error_handler(401, lambda _: ("sign in", 401))
    app.add_url_rule("/open", "open", lambda: "in")
    requests = (bearer(issuers.token()), bearer(issuers.token(), "/crash"), Request())
    responses = [call_wsgi(app, request) for request in requests]
    assert [response.status for response in responses] == [404, 500, 401]
    assert {response.header("vary") for response in responses} == {"Authorization"}
    assert call_wsgi(app, Request("/open")).header("vary") is None


def test_in_flask_each_guard_adds_its_header(issuers: Issuers) -> None:
    app = Flask("app")
    Torii(app, issuer=issuers.home.issuer, required=False)
    inner = require_auth(issuer=issuers.other.issuer, header="x-other", required=False)
    app.add_url_rule("/me", "me", inner(lambda: "in"))
    assert call_wsgi(app, Request()).header("vary") == "Authorization, X-Other"


def test_in_wsgi_what_the_application_sets_stays(issuers: Issuers) -> None:
    constant = [("Vary", "Cookie"), ("Content-Type", "text/plain")]

    def app(environ: Any, start_response: Any) -> Any:
        start_response("500 Oops", [("Content-Type", "text/plain")])
        error = ArithmeticError()
        start_response("200 OK", constant, (ArithmeticError, error, None))(b"written ")
        yield b"in"

    guarded = AuthMiddleware(app, issuer=issuers.home.issuer)
    for _ in range(2):
        response = call_wsgi(guarded, bearer(issuers.token()))
        assert (response.body, response.header("vary")) == (b"written in", BOTH)
    assert constant[0] == ("Vary", "Cookie")


@pytest.mark.parametrize("headers", [{}, {"headers": ((b"VARY", b"Cookie"),)}])
def test_in_asgi_what_the_application_sets_stays(issuers: Issuers, headers: dict[str, Any]) -> None:
    start = {"type": "http.response.start", "status": 200, **headers}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start)
        await send({"type": "http.response.body", "body": b"in"})

    guarded = AsgiMiddleware(app, issuer=issuers.home.issuer)
    for _ in range(2):
        response = asyncio.run(call_asgi(guarded, bearer(issuers.token())))
        assert response.header("vary") == (BOTH if headers else "Authorization")
    assert start.get("headers") == headers.get("headers")


def _fastapi_routes(router: Union[APIRouter, FastAPI]) -> None:
    cookie = {"Vary": "Cookie"}

    @router.get("/plain")
    def plain() -> str:
        return "in"

    @router.get("/set")
    async def sets(response: FastAPIResponse) -> str:
        response.headers["Vary"] = "Cookie"
        return "in"

    @router.get("/returned")
    async def returned() -> JSONResponse:
        return JSONResponse("in", headers=cookie)

    @router.get("/streamed")
    def streamed() -> StreamingResponse:
        return StreamingResponse(iter(["in"]), headers=cookie)

    @router.get("/raised")
    def raised() -> None:
        raise HTTPException(404, headers=cookie)

    @router.get("/handled")
    def handled() -> None:
        raise ArithmeticError

    @router.get("/crashed")
    def crashed() -> None:
        raise LookupError

    @router.get("/validated")
    def validated(number: int) -> int:
        return number


def _fastapi_app(place: str, guard: Any) -> FastAPI:
    """Make an application whose guard is in one of the places that FastAPI has for it."""
    app = FastAPI(dependencies=[Depends(guard)] if place == "application" else [])
    router = APIRouter(dependencies=[Depends(guard)] if place == "router" else [])
    _fastapi_routes(app if place == "application" else router)
    guarded = [Depends(guard)] if place == "included" else []
    if place == "mounted":
        inner = FastAPI(dependencies=[Depends(guard)])
        _fastapi_routes(inner)
        inner.add_exception_handler(ArithmeticError, _handle)
        app.mount("/mounted", inner)
    elif place != "application":
        app.include_router(router, dependencies=guarded)
    app.add_api_route("/open", lambda: "in")
    app.add_exception_handler(ArithmeticError, _handle)
    return app


async def _handle(request: Any, error: Exception) -> JSONResponse:
    return JSONResponse("handled", 418)


@pytest.mark.parametrize("place", ["application", "router", "included", "mounted"])
def test_in_fastapi_every_response_of_a_guarded_route_varies(issuers: Issuers, place: str) -> None:
    def call(target: str) -> Response:
        # Each time the first request of an application.
        app = _fastapi_app(place, fastapi_auth(issuer=issuers.home.issuer))
        prefix = "/mounted" if place == "mounted" and target != "/open" else ""
        return asyncio.run(call_asgi(app, bearer(issuers.token(), prefix + target)))

    seen = {
        target: (response.status, response.header("vary"))
        for target in ("plain", "set", "returned", "streamed", "raised", "handled", "validated")
        for response in [call(f"/{target}")]
    }
    assert seen == {
        "plain": (200, "Authorization"),
        "set": (200, BOTH),
        "returned": (200, BOTH),
        "streamed": (200, BOTH),
        "raised": (404, BOTH),
        "handled": (418, "Authorization"),
        "validated": (422, "Authorization"),
    }
    if place != "application":
        assert call("/open").header("vary") is None


@pytest.mark.parametrize("place", ["application", "router", "included", "mounted"])
@pytest.mark.parametrize("by", ["handler", "middleware"])
def test_in_fastapi_the_response_to_any_exception_varies(
    issuers: Issuers, place: str, by: str
) -> None:
    app = _fastapi_app(place, fastapi_auth(issuer=issuers.home.issuer))

    async def catch(request: Any, call_next: Any) -> Any:
        try:
            return await call_next(request)
        except LookupError as error:
            return await _handle(request, error)

    if by == "handler":
        app.add_exception_handler(Exception, _handle)
    else:
        app.middleware("http")(catch)
    target = "/mounted/crashed" if place == "mounted" else "/crashed"

    async def served(*asgi: Any) -> None:
        with suppress(LookupError):  # Starlette lets the server log it, too
            await app(*asgi)

    response = asyncio.run(call_asgi(served, bearer(issuers.token(), target)))
    # An application that is mounted responds by itself.
    status = 500 if place == "mounted" else 418
    assert (response.status, response.header("vary")) == (status, "Authorization")


def test_in_fastapi_a_refusal_that_the_application_restyles_varies(issuers: Issuers) -> None:
    app = _fastapi_app("router", fastapi_auth(issuer=issuers.home.issuer))

    async def restyle(request: Any, error: HTTPException) -> JSONResponse:
        return JSONResponse("sign in", error.status_code)

    app.add_exception_handler(HTTPException, restyle)  # type: ignore[arg-type]
    response = asyncio.run(call_asgi(app, Request("/plain")))
    assert (response.status, response.header("vary")) == (401, "Authorization")
