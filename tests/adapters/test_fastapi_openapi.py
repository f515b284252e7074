"""The guards' answers in the OpenAPI document."""

# No `from __future__ import annotations`: FastAPI could not resolve local names from strings.
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI

from torii_backend import Auth
from torii_backend.fastapi import RequireAuth, describe_refusals, optional_auth, require_auth

REFUSALS = {"400", "401", "403", "503"}
SCHEMA = {"$ref": "#/components/schemas/ToriiRefusal"}


def _app(guard: RequireAuth[Auth]) -> FastAPI:
    app = FastAPI()
    describe_refusals(app)
    app.get("/us", dependencies=[Depends(guard)])(lambda: "us")
    app.get("/open")(lambda: "open")

    @app.get("/me")
    @app.post("/me")
    def me(auth: Annotated[Auth, Depends(guard)]) -> str:
        return auth.user_id

    return app


def _responses(document: Any, path: str, method: str = "get") -> Any:
    return document["paths"][path][method]["responses"]


def test_every_guarded_route_shows_its_refusals(issuer: str) -> None:
    document = _app(require_auth(issuer=issuer)).openapi()
    for path, method in [("/me", "get"), ("/me", "post"), ("/us", "get")]:
        responses = _responses(document, path, method)
        assert responses.keys() == {"200", *REFUSALS}
        for status in REFUSALS:
            assert responses[status]["content"]["application/json"]["schema"] == SCHEMA
        for status in ("400", "401", "403"):
            assert list(responses[status]["headers"]) == ["WWW-Authenticate"]
        assert list(responses["503"]["headers"]) == ["Retry-After"]
    assert _responses(document, "/open").keys() == {"200"}
    detail = document["components"]["schemas"]["ToriiRefusal"]["properties"]["detail"]
    assert list(detail["properties"]) == ["code", "message", "reason"]


def test_routers_and_optional_sign_in_are_described_too(issuer: str) -> None:
    app = _app(require_auth(issuer=issuer))
    router = APIRouter(dependencies=[Depends(optional_auth(issuer=issuer))])
    router.get("/items")(lambda: "items")
    app.include_router(router, prefix="/shop")
    assert _responses(app.openapi(), "/shop/items").keys() == {"200", *REFUSALS}


def test_routes_that_come_later_are_described_too(issuer: str) -> None:
    app = _app(require_auth(issuer=issuer))
    app.openapi()
    app.get("/late", dependencies=[Depends(require_auth(issuer=issuer))])(lambda: "late")
    app.openapi_schema = None
    assert _responses(app.openapi(), "/late").keys() == {"200", *REFUSALS}
    assert app.openapi() == app.openapi()


def test_what_a_route_says_itself_stays(issuer: str) -> None:
    app = FastAPI(dependencies=[Depends(require_auth(issuer=issuer))])
    describe_refusals(app)
    app.get("/me", responses={401: {"description": "Sign in, please."}})(lambda: "me")
    responses = _responses(app.openapi(), "/me")
    assert responses["401"]["description"] == "Sign in, please."
    assert responses.keys() == {"200", *REFUSALS}


def test_an_application_without_guards_is_left_as_it_is() -> None:
    app, plain = FastAPI(), FastAPI()
    describe_refusals(app)
    for either in (app, plain):
        either.get("/open")(lambda: "open")
    assert app.openapi() == plain.openapi()


def test_a_document_of_the_applications_own_is_extended(issuer: str) -> None:
    app = _app(require_auth(issuer=issuer))
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        document["paths"]["/me"]["parameters"] = [{"name": "tenant", "in": "header"}]
        return document

    app.openapi = openapi  # type: ignore[method-assign]
    describe_refusals(app)
    assert _responses(app.openapi(), "/me").keys() == {"200", *REFUSALS}


def test_what_one_application_changes_stays_its_own(issuer: str) -> None:
    mine, other = (_app(require_auth(issuer=issuer)) for _ in range(2))
    document = mine.openapi()
    _responses(document, "/me")["401"]["description"] = "Mine."
    document["components"]["schemas"]["ToriiRefusal"]["properties"].clear()
    assert _responses(document, "/us")["401"]["description"] != "Mine."
    assert _responses(other.openapi(), "/me")["401"]["description"] != "Mine."
    assert other.openapi()["components"]["schemas"]["ToriiRefusal"]["properties"]
