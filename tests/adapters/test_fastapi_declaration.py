"""What FastAPI learns from the dependency when routes are declared, and what it refuses."""

# No `from __future__ import annotations`: FastAPI could not resolve local names from strings.
import asyncio
from functools import partial
from importlib import import_module
from inspect import Parameter
from typing import Annotated, Any, Callable, Optional

import pytest
from fastapi import (
    APIRouter,
    Depends,
    FastAPI,
    Header,
    HTTPException,
    Path,
    Query,
    Security,
    params,
)
from fastapi.security import SecurityScopes
from pydantic import BaseModel

from torii_backend import Auth, Authenticator, ConfigurationError, Policy, RefusalResponse, Verifier
from torii_backend.client import User
from torii_backend.fastapi import RequireAuth, optional_auth, require_auth

from .issuers import Issuers
from .messages import Request, bearer
from .transport import call_asgi


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


MODULES = [
    import_module(f"torii_backend{name}")
    for name in ("", ".client", ".emulator", ".wsgi", ".asgi", ".flask", ".fastapi")
]
# TypedDicts have no signature, which FastAPI refuses by itself.
PUBLIC = {
    getattr(module, name)
    for module in MODULES
    for name in module.__all__
    if hasattr(getattr(module, name), "__module__")
    and not name.endswith(("Options", "Issuer", "__"))
}


class _MyAuth(Auth, frozen=True):
    """As an application may derive it."""


class _MyPolicy(Policy):
    def __init__(self, plan: str) -> None:
        super().__init__(claims={"plan": plan})


def test_a_method_that_takes_a_token_cannot_be_a_dependency(issuer: str) -> None:
    verifier, policy, guard = Verifier(issuer), Policy(), Authenticator(issuer=issuer)
    for method in (verifier.verify, verifier.verify_async, policy.enforce, guard.authenticate):
        _refused(_endpoint(Any, Depends(method)), r"write Annotated|not Depends\(verify")


@pytest.mark.parametrize("guard", [require_auth, optional_auth])
def test_a_guard_that_was_not_called_says_how_to_call_it(guard: Any) -> None:
    name = guard.__name__
    for forgotten in (guard, partial(guard, role="admin", organization=True)):
        with pytest.raises(ConfigurationError, match=rf"Write Depends\({name}\(\.\.\.\)\), not"):
            FastAPI().get("/me", dependencies=[Depends(forgotten)])(lambda: "in")


def _endpoint(annotation: Any, default: Any = Parameter.empty) -> Callable[..., None]:
    """Make an endpoint with one parameter."""

    def endpoint(auth: Any) -> None: ...

    endpoint.__annotations__["auth"] = annotation
    if default is not Parameter.empty:
        endpoint.__defaults__ = (default,)
    return endpoint


def _refused(endpoint: Any, sentence: str) -> None:
    for declare in (FastAPI().get("/"), FastAPI().websocket("/"), APIRouter().post("/")):
        with pytest.raises(ConfigurationError, match=sentence):
            declare(endpoint)


@pytest.mark.parametrize(
    "public",
    sorted({*PUBLIC, _MyAuth, _MyPolicy}, key=repr),
    ids=lambda each: each.__name__,
)
def test_nothing_public_can_be_a_dependency_itself(public: Any) -> None:
    """FastAPI would call it with what a client sends: an Auth would come from the query string."""

    nested = _endpoint(Any, Depends(_endpoint(Any, Depends(public))))
    for endpoint in (
        _endpoint(Any, Depends(public)),
        _endpoint(public, Depends()),
        _endpoint(Annotated[public, Depends()]),
        _endpoint(Annotated[Any, Security(public)]),
        nested,
    ):
        _refused(endpoint, r"Write Depends\((\w+_auth\(\.\.\.\)|your_function)\), not Depends")
    for dependencies in ([Depends(public)], [Security(public)]):
        for router in (FastAPI(dependencies=dependencies), APIRouter(dependencies=dependencies)):
            with pytest.raises(ConfigurationError, match="not Depends"):
                router.get("/me")(lambda: "in")


@pytest.mark.parametrize("public", [Auth, _MyAuth, User, Policy, Verifier, RefusalResponse])
def test_objects_of_ours_are_not_read_from_a_request(public: Any) -> None:
    optional = _endpoint(Optional[public], None)
    query, header = Annotated[public, Query()], Annotated[public, Header()]
    for endpoint in (*map(_endpoint, (public, list[public], query, header)), optional):
        _refused(endpoint, rf"write Annotated\[{public.__name__}, Depends\(")


def test_an_optional_auth_as_a_dependency_lets_nobody_in() -> None:
    """FastAPI asks nothing of ours when this is declared. It can't call it either."""
    app = FastAPI()

    @app.get("/me")
    def me(auth: Annotated[Optional[Auth], Depends()]) -> str:
        return "in"

    assert asyncio.run(call_asgi(app, Request("/me"))).status == 422
    with pytest.raises(TypeError, match="Union"):
        asyncio.run(call_asgi(app, Request("/me?args=1&kwargs=1&kwds=1")))


def test_a_pydantic_model_may_hold_an_auth(issuers: Issuers) -> None:
    class Context(BaseModel, arbitrary_types_allowed=True):
        auth: Optional[Auth] = None

    auth = Verifier(issuers.home.issuer).verify(issuers.token())
    assert Context(auth=auth).auth is auth
    with pytest.raises(ValueError, match="instance of Auth"):
        Context.model_validate({"auth": {"user_id": "ada"}})


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


SCOPES = r"claims=.*check="


def _scoped(dependency: Any, *scopes: str) -> Any:
    return Security(dependency, scopes=list(scopes))


def test_scopes_for_a_guard_fail_the_declaration(issuer: str) -> None:
    """FastAPI would show them in OpenAPI, and nobody would enforce them."""
    guard = require_auth(issuer=issuer)
    user, deep = _endpoint(Any, Depends(guard)), _endpoint(Any, _scoped(guard, "admin"))
    for scoped in (
        _scoped(guard, "admin"),
        _scoped(user, "admin"),
        Depends(deep),
        _scoped(partial(guard), "a"),
    ):
        _refused(_endpoint(Any, scoped), SCOPES)
        _refused(_endpoint(Annotated[Auth, scoped]), SCOPES)
        _refused(_endpoint(Any, Depends(_endpoint(Any, scoped))), SCOPES)
        for router in (FastAPI(dependencies=[scoped]), APIRouter(dependencies=[scoped])):
            with pytest.raises(ConfigurationError, match=SCOPES):
                router.get("/me")(lambda: "in")
        with pytest.raises(ConfigurationError, match=SCOPES):
            FastAPI().get("/me", dependencies=[Depends(guard), scoped])(lambda: "in")


@pytest.mark.parametrize("dependency", [_scoped(require_auth, "x"), Depends(require_auth)])
def test_a_wrong_dependency_of_an_included_router_is_found_when_it_is_included(
    dependency: Any, issuer: str
) -> None:
    """Newer versions of FastAPI look at these dependencies only once a request is there."""
    if isinstance(dependency, params.Security):
        dependency = _scoped(require_auth(issuer=issuer), "admin")
    router = APIRouter()
    router.get("/me")(lambda: "in")
    wrong = r"not Depends|scopes=\["
    for outer in (FastAPI(), APIRouter()):
        for _ in range(2):
            with pytest.raises(ConfigurationError, match=wrong):
                outer.include_router(router, dependencies=[dependency])
    for outer in (FastAPI(dependencies=[dependency]), APIRouter(dependencies=[dependency])):
        with pytest.raises(ConfigurationError, match=wrong):
            outer.include_router(router)
    without_routes = APIRouter(dependencies=[dependency])
    without_routes.routes.extend(router.routes)
    with pytest.raises(ConfigurationError, match=wrong):
        FastAPI().include_router(without_routes)


def test_a_dependency_that_reads_the_path_may_be_included(issuers: Issuers, issuer: str) -> None:
    def owned(
        item: Annotated[int, Path()], auth: Annotated[Auth, Depends(require_auth(issuer=issuer))]
    ) -> None:
        assert item == 7

    app, router = FastAPI(), APIRouter()
    router.get("/{item}")(lambda: "in")
    app.include_router(router, prefix="/items", dependencies=[Depends(owned)])
    assert asyncio.run(call_asgi(app, bearer(issuers.token(), "/items/7"))).status == 200


def test_scopes_may_be_for_a_dependency_that_enforces_them(issuers: Issuers, issuer: str) -> None:
    guard = require_auth(issuer=issuer)

    def enforce(scopes: SecurityScopes, auth: Annotated[Auth, Security(guard)]) -> str:
        if not set(scopes.scopes) <= {auth.claims.get("scope")}:
            raise HTTPException(403)
        return auth.user_id

    def later(auth: Annotated[Auth, Depends(guard)], user: Annotated[str, Depends(enforce)]) -> str:
        return user

    app = FastAPI(dependencies=[Security(guard), Security(guard, scopes=[])])

    @app.get("/me")
    def me(
        user: Annotated[str, Security(enforce, scopes=["read"])],
        same: Annotated[str, Security(later, scopes=["read"])],
        auth: Annotated[Auth, Depends(guard)],
    ) -> str:
        assert user == same == auth.user_id
        return user

    good, bad = issuers.token(scope="read"), issuers.token(scope="write")
    assert asyncio.run(call_asgi(app, bearer(good, "/me"))).status == 200
    assert asyncio.run(call_asgi(app, bearer(bad, "/me"))).status == 403
