"""The guards' error responses in the OpenAPI document."""

# No `from __future__ import annotations`: FastAPI could not resolve local names from strings.
import asyncio
from copy import deepcopy
from datetime import datetime, timezone
from typing import Annotated, Any, Optional

from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel, TypeAdapter

from torii_backend import Auth, client
from torii_backend.fastapi import REFUSALS, require_auth
from torii_backend.fastapi.response import ToriiRefusal

from .issuers import Issuers
from .messages import Request, bearer
from .transport import call_asgi

STATUSES = {"400", "401", "403", "503"}
SCHEMA = {"$ref": "#/components/schemas/ToriiRefusal"}


def _app(issuer: str, **options: Any) -> FastAPI:
    app = FastAPI(**options)

    @app.get("/me")
    @app.post("/me")
    def me(auth: Annotated[Auth, Depends(require_auth(issuer=issuer))]) -> str:
        return auth.user_id

    return app


def _responses(document: Any, path: str, method: str = "get") -> Any:
    return document["paths"][path][method]["responses"]


def test_an_application_shows_the_error_responses_of_its_routes(issuer: str) -> None:
    document = _app(issuer, responses=REFUSALS).openapi()
    for method in ("get", "post"):
        responses = _responses(document, "/me", method)
        assert responses.keys() == {"200", *STATUSES}
        for status in STATUSES:
            assert responses[status]["content"]["application/json"]["schema"] == SCHEMA
        for status in ("400", "401", "403"):
            assert list(responses[status]["headers"]) == ["WWW-Authenticate"]
        assert list(responses["503"]["headers"]) == ["Retry-After"]
    schemas = document["components"]["schemas"]
    assert schemas["ToriiRefusal"]["required"] == ["detail"]
    assert list(schemas["ToriiRefusalDetail"]["properties"]) == ["code", "message", "reason"]
    assert schemas["ToriiRefusalDetail"]["required"] == ["code", "message"]


def test_a_router_and_a_route_may_show_them_alone(issuer: str) -> None:
    app = _app(issuer)
    router = APIRouter(responses=REFUSALS)
    router.get("/items")(lambda: "items")
    app.include_router(router, prefix="/shop")
    app.get("/one", responses=REFUSALS)(lambda: "one")
    document = app.openapi()
    assert _responses(document, "/shop/items").keys() == {"200", *STATUSES}
    assert _responses(document, "/one").keys() == {"200", *STATUSES}
    assert _responses(document, "/me").keys() == {"200"}


def test_what_a_route_says_itself_counts(issuer: str) -> None:
    app = _app(issuer, responses=REFUSALS)
    app.get("/own", responses={401: {"description": "Sign in, please."}})(lambda: "own")
    responses = _responses(app.openapi(), "/own")
    assert responses["401"]["description"] == "Sign in, please."
    assert responses.keys() == {"200", *STATUSES}


def test_the_constant_is_shared_unchanged(issuer: str) -> None:
    before = deepcopy(REFUSALS)
    documents = [_app(issuer, responses=REFUSALS).openapi() for _ in range(2)]
    _responses(documents[0], "/me")["401"]["description"] = "Mine."
    assert _responses(documents[1], "/me")["401"]["description"] != "Mine."
    assert before == REFUSALS


def test_what_is_sent_is_what_is_shown(issuers: Issuers) -> None:
    app = _app(issuers.home.issuer)
    for request, reason in [
        (Request("/me"), None),
        (bearer(issuers.token(expires_in=-3600), "/me"), "expired"),
    ]:
        response = asyncio.run(call_asgi(app, request))
        shown = TypeAdapter(ToriiRefusal).validate_json(response.body)
        assert shown.detail.code == "authentication_failed"
        assert shown.detail.reason == reason
        assert shown.model_dump(exclude_none=True) == response.json()


def test_openapi_shows_the_header_of_the_guard(issuer: str) -> None:
    app = FastAPI()
    guards: dict[str, Any] = {
        "/bearer": {"header": "authorization"},
        "/own": {"header": "x-access-token"},
        "/bare": {"header": "X-Bare!", "scheme": None},
    }
    for path, options in guards.items():
        app.get(path, dependencies=[Depends(require_auth(issuer=issuer, **options))])(lambda: "in")
    document = app.openapi()
    schemes = document["components"]["securitySchemes"]
    names = ["Torii", "Torii-X-Access-Token", "Torii-X-Bare_"]
    assert [document["paths"][path]["get"]["security"] for path in guards] == [
        [{name: []}] for name in names
    ]
    assert schemes["Torii"]["scheme"] == "bearer"
    own, bare = (schemes[name] for name in names[1:])
    assert (own["type"], own["in"], own["name"]) == ("apiKey", "header", "X-Access-Token")
    assert (bare["type"], bare["in"], bare["name"]) == ("apiKey", "header", "X-Bare!")
    assert "word Bearer" in own["description"]
    assert "word Bearer" not in bare["description"]


class _Profile(BaseModel):
    user_id: str
    organization_id: Optional[str]
    expires_at: datetime


class _Member(BaseModel):
    id: str
    email: Optional[str]
    created_at: datetime


def test_a_response_model_takes_the_fields_it_names(issuers: Issuers, issuer: str) -> None:
    """Claims and metadata stay behind, and OpenAPI shows the model."""
    app = FastAPI()
    guard = Depends(require_auth(issuer=issuer))
    now = datetime(2026, 1, 1, tzinfo=timezone.utc)
    metadata: Any = {"public_metadata": {}, "private_metadata": {"x": 1}, "unsafe_metadata": {}}
    stored = client.User(
        id="ada", environment_id="env", status="active", created_at=now, updated_at=now, **metadata
    )
    page = client.Page(items=(stored,), has_more=False)

    @app.get("/me", response_model=_Profile)
    def me(auth: Auth = guard) -> Auth:
        return auth

    @app.get("/users", response_model=list[_Member])
    def users() -> Any:
        return page.items

    request = bearer(issuers.token(org_id="org_1"), "/me")
    sent = asyncio.run(call_asgi(app, request)).json()
    assert sent.keys() == {"user_id", "organization_id", "expires_at"}
    assert (sent["user_id"], sent["organization_id"]) == ("ada", "org_1")
    sent = asyncio.run(call_asgi(app, Request("/users"))).json()
    assert sent == [{"id": "ada", "email": None, "created_at": "2026-01-01T00:00:00Z"}]
    schema = app.openapi()["components"]["schemas"]["_Profile"]
    assert list(schema["properties"]) == ["user_id", "organization_id", "expires_at"]
