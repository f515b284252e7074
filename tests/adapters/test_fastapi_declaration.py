"""What FastAPI learns from the dependency when routes are declared, and what it refuses."""

# No `from __future__ import annotations`: FastAPI could not resolve local names from strings.
import asyncio
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Security

from torii_backend import Auth, ConfigurationError
from torii_backend.fastapi import RequireAuth, optional_auth, require_auth

from .messages import Request
from .transport import Exchange, scope_of


def _app(guard: RequireAuth[Auth]) -> FastAPI:
    app = FastAPI()
    app.get("/us", dependencies=[Depends(guard)])(lambda: "us")
    app.get("/open")(lambda: "open")

    @app.get("/me")
    def me(auth: Annotated[Auth, Depends(guard)]) -> str:
        return auth.user_id

    return app


def test_openapi_shows_the_bearer_scheme_where_it_guards(issuer: str) -> None:
    document = _app(require_auth(issuer=issuer)).openapi()
    assert document["components"]["securitySchemes"] == {
        "Torii": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A Torii access token.",
        }
    }
    paths = document["paths"]
    assert paths["/me"]["get"]["security"] == [{"Torii": []}]
    assert paths["/us"]["get"]["security"] == [{"Torii": []}]
    assert "security" not in paths["/open"]["get"]
    assert "parameters" not in paths["/me"]["get"]


def test_openapi_shows_one_scheme_for_several_guards(issuer: str) -> None:
    app = _app(require_auth(issuer=issuer))
    app.include_router(_app(require_auth(issuer=issuer, audience="shop")).router, prefix="/shop")
    document = app.openapi()
    assert list(document["components"]["securitySchemes"]) == ["Torii"]
    assert document["paths"]["/shop/me"]["get"]["security"] == [{"Torii": []}]


@pytest.mark.parametrize("forgotten", [require_auth, optional_auth])
def test_a_guard_that_was_not_called_fails_the_declaration_of_the_route(forgotten: Any) -> None:
    app = FastAPI()
    name = forgotten.__name__

    def default(auth: Any = Depends(forgotten)) -> None: ...  # noqa: B008

    def annotated(auth: Annotated[Any, Depends(forgotten)]) -> None: ...

    def security(auth: Any = Security(forgotten)) -> None: ...  # noqa: B008

    def nested(inner: Any = Depends(default)) -> None: ...  # noqa: B008

    for endpoint in (default, annotated, security, nested):
        with pytest.raises(ConfigurationError, match=rf"Write Depends\({name}\(\.\.\.\)\)"):
            app.get("/me")(endpoint)
        with pytest.raises(ConfigurationError, match="not Depends"):
            app.websocket("/ws")(endpoint)
    for dependencies in ([Depends(forgotten)], [Security(forgotten)]):
        with pytest.raises(ConfigurationError, match="not Depends"):
            app.get("/me", dependencies=dependencies)(lambda: None)
        with pytest.raises(ConfigurationError, match="not Depends"):
            FastAPI(dependencies=dependencies).get("/me")(lambda: None)
        with pytest.raises(ConfigurationError, match="not Depends"):
            APIRouter(dependencies=dependencies).get("/me")(lambda: None)


def test_a_guard_that_was_not_called_lets_nobody_into_an_included_router() -> None:
    """Newer versions of FastAPI look at these dependencies only once a request is there."""
    app, router = FastAPI(), APIRouter()
    router.get("/me")(lambda: "in")

    def include_and_call() -> None:
        app.include_router(router, dependencies=[Depends(require_auth)])
        exchange = Exchange()
        asyncio.run(app(scope_of(Request("/me")), exchange.receive, exchange.send))

    for _ in range(2):
        with pytest.raises(ConfigurationError, match="not Depends"):
            include_and_call()


def test_a_missing_issuer_is_found_by_require_auth() -> None:
    with pytest.raises(ConfigurationError, match="TORII_ISSUER"):
        require_auth()


def test_wrong_settings_are_found_by_require_auth(issuer: str) -> None:
    with pytest.raises(ConfigurationError, match="full URL"):
        require_auth(issuer="acme.torii.so")
    with pytest.raises(ConfigurationError, match="required"):
        require_auth(issuer=issuer, required="no")  # type: ignore[call-overload]


def test_a_wrong_keyword_is_a_type_error(issuer: str) -> None:
    with pytest.raises(TypeError, match="requierd"):
        require_auth(issuer=issuer, requierd=False)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="positional"):
        require_auth(issuer)  # type: ignore[call-overload]
