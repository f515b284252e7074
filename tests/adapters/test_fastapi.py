"""What a FastAPI developer expects of the dependency, beyond the contract."""

# No `from __future__ import annotations`: FastAPI could not resolve local names from strings.
import asyncio
import pickle
from copy import deepcopy
from functools import partial
from typing import Annotated, Any, Optional, Union

import anyio.to_thread
import httpx
import pytest
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from torii_backend import (
    Auth,
    ConfigurationError,
    InvalidToken,
    ToriiAuthError,
    Verifier,
    current_auth,
)
from torii_backend._guard.refusal import RefusalResponse
from torii_backend.asgi import AuthMiddleware
from torii_backend.fastapi import RequireAuth, optional_auth, require_auth, unguarded_routes

from .issuers import Issuers
from .messages import bearer
from .transport import call_asgi, scope_of

User = Optional[str]


def _get(app: FastAPI, path: str = "/me", token: User = None) -> httpx.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    async def get() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(get())


def _me(request: Request, auth: Optional[Auth]) -> dict[str, User]:
    assert auth is request.state.auth is current_auth()
    return {"user_id": None if auth is None else auth.user_id}


def _app(guard: RequireAuth[Any]) -> FastAPI:
    app = FastAPI()

    @app.get("/me")
    def me(request: Request, auth: Annotated[Optional[Auth], Depends(guard)]) -> dict[str, User]:
        return _me(request, auth)

    @app.get("/async-me")
    async def async_me(
        request: Request, auth: Annotated[Optional[Auth], Depends(guard)]
    ) -> dict[str, User]:
        return _me(request, auth)

    @app.get("/open")
    def open_() -> str:
        return "open"

    return app


@pytest.fixture
def guard(issuer: str) -> RequireAuth[Auth]:
    return require_auth(issuer=issuer)


@pytest.mark.parametrize("path", ["/me", "/async-me"])
def test_endpoints_get_the_auth(issuers: Issuers, guard: RequireAuth[Auth], path: str) -> None:
    app = _app(guard)
    assert _get(app, path, issuers.token()).json() == {"user_id": "ada"}
    assert _get(app, path).status_code == 401
    assert _get(app, "/open").json() == "open"


@pytest.mark.parametrize("path", ["/me", "/async-me"])
@pytest.mark.parametrize("make", [optional_auth, partial(require_auth, required=False)])
def test_optional_sign_in_gives_none(issuers: Issuers, issuer: str, path: str, make: Any) -> None:
    app = _app(make(issuer=issuer))
    assert _get(app, path).json() == {"user_id": None}
    assert _get(app, path, issuers.token()).json() == {"user_id": "ada"}
    assert _get(app, path, "bad").status_code == 401


def test_a_router_may_be_guarded_as_a_whole(issuers: Issuers, guard: RequireAuth[Auth]) -> None:
    router = APIRouter(prefix="/shop", dependencies=[Depends(guard)])

    @router.get("/me")
    async def me(request: Request) -> dict[str, User]:
        return _me(request, request.state.auth)

    app = _app(guard)
    app.include_router(router)
    assert _get(app, "/shop/me", issuers.token()).json() == {"user_id": "ada"}
    assert _get(app, "/shop/me").status_code == 401
    assert _get(app, "/open").status_code == 200


def test_a_dependency_of_ours_may_build_on_the_guard(
    issuers: Issuers, guard: RequireAuth[Auth]
) -> None:
    app = FastAPI()
    seen: list[Auth] = []

    async def user_id(auth: Annotated[Auth, Depends(guard)]) -> str:
        seen.append(auth)
        return auth.user_id

    @app.get("/me", dependencies=[Depends(guard)])
    def me(user: Annotated[str, Depends(user_id)], auth: Annotated[Auth, Depends(guard)]) -> str:
        seen.append(auth)
        return user

    assert _get(app, token=issuers.token()).json() == "ada"
    assert seen[0] is seen[1]


def test_dependency_overrides_replace_the_guard(guard: RequireAuth[Auth]) -> None:
    app = FastAPI()

    @app.get("/me")
    def me(auth: Annotated[str, Depends(guard)]) -> str:
        return auth

    app.dependency_overrides[guard] = lambda: "somebody"
    assert _get(app).json() == "somebody"
    app.dependency_overrides.clear()
    assert _get(app).status_code == 401


def test_the_cause_of_a_refusal_is_there_for_exception_handlers(
    issuers: Issuers, guard: RequireAuth[Auth]
) -> None:
    app = _app(guard)

    @app.exception_handler(HTTPException)
    async def restyle(request: Request, error: HTTPException) -> JSONResponse:
        cause = error.__cause__
        assert isinstance(cause, ToriiAuthError)
        return JSONResponse({"reason": cause.reason}, error.status_code, error.headers)

    response = _get(app, token=issuers.token(expires_in=-600))
    assert (response.status_code, response.json()) == (401, {"reason": "expired"})
    assert response.headers["www-authenticate"].startswith('Bearer realm="torii", error=')


def test_an_auth_error_of_the_application_has_its_own_handler(
    issuers: Issuers, guard: RequireAuth[Auth]
) -> None:
    app = FastAPI()

    @app.get("/me")
    def me(auth: Annotated[Auth, Depends(guard)]) -> None:
        raise InvalidToken("expired")

    @app.exception_handler(ToriiAuthError)
    async def note(request: Request, error: ToriiAuthError) -> JSONResponse:
        return JSONResponse("the app's own", 502)

    assert _get(app, token=issuers.token()).status_code == 502
    assert _get(app).status_code == 401


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b'{"error":{"code":"x"}}', {"code": "x"}),
        (b'{"error":{"code":"x"},"support":"9"}', {"error": {"code": "x"}, "support": "9"}),
        (b'{"sign_in":"/login"}', {"sign_in": "/login"}),
        (b"[1]", [1]),
        (b"plain text", "plain text"),
        (b'"\xff"', '"\ufffd"'),
        (b"", ""),
    ],
)
def test_a_replaced_response_is_kept_whole_in_the_envelope(
    issuer: str, body: bytes, detail: object
) -> None:
    mine = RefusalResponse(401, (("Content-Type", "application/json"),), body)
    app = _app(require_auth(issuer=issuer, on_error=lambda _: mine))
    assert _get(app).json() == {"detail": detail}


def test_a_background_task_knows_its_user(issuers: Issuers, guard: RequireAuth[Auth]) -> None:
    app = FastAPI()
    seen: list[User] = []

    def note() -> None:
        auth = current_auth()
        seen.append(None if auth is None else auth.user_id)

    @app.get("/me")
    async def me(auth: Annotated[Auth, Depends(guard)], tasks: BackgroundTasks) -> None:
        tasks.add_task(note)

    assert _get(app, token=issuers.token()).status_code == 200
    assert seen == ["ada"]


def test_exempt_paths_of_a_mounted_app_count_from_its_mount_point(issuer: str) -> None:
    inner = FastAPI(dependencies=[Depends(require_auth(issuer=issuer, exempt=["/health"]))])
    inner.get("/health")(lambda: "fine")
    inner.get("/me")(lambda: "in")
    outer = FastAPI()
    outer.mount("/shop", inner)
    assert _get(outer, "/shop/health").json() == "fine"
    assert _get(outer, "/shop/me").status_code == 401


@pytest.mark.filterwarnings("ignore:The `root_path` parameter")
def test_exempt_paths_count_from_the_root_path_of_the_app(issuer: str) -> None:
    """Also where a proxy has taken it off; what the server says is replaced."""
    app = FastAPI(root_path="/api")
    app.add_middleware(AuthMiddleware, issuer=issuer, exempt=["/health"])
    guard = require_auth(issuer=issuer, exempt=["/health"])
    app.get("/health", dependencies=[Depends(guard)])(lambda: "fine")
    for path in ("/health", "/api/health"):
        assert _get(app, path).json() == "fine"
    assert _get(app, "/api/me").status_code == 401


def test_a_route_may_demand_more_than_its_router(
    issuers: Issuers, guard: RequireAuth[Auth], issuer: str
) -> None:
    admin = require_auth(issuer=issuer, role="admin")
    router = APIRouter(prefix="/shop", dependencies=[Depends(guard)])

    @router.get("/open")
    async def everybody() -> str:
        return "in"

    @router.get("/admin")
    async def admins(auth: Annotated[Auth, Depends(admin)]) -> str:
        return auth.user_id

    app = FastAPI()
    app.include_router(router)
    member = issuers.token(org_id="org_1", org_role="member")
    assert _get(app, "/shop/open", member).json() == "in"
    refused = _get(app, "/shop/admin", member)
    assert (refused.status_code, refused.json()["detail"]["reason"]) == (403, "role")
    chief = issuers.token(org_id="org_1", org_role="admin")
    assert _get(app, "/shop/admin", chief).json() == "ada"


def test_a_check_may_be_awaited(issuers: Issuers, issuer: str) -> None:
    async def check(auth: Auth) -> Union[bool, str]:
        await asyncio.sleep(0)
        return auth.user_id == "ada" or "Only Ada may do this."

    app = _app(require_auth(issuer=issuer, check=check))
    assert _get(app, token=issuers.token()).json() == {"user_id": "ada"}
    refused = _get(app, token=issuers.token("grace"))
    assert (refused.status_code, refused.json()["detail"]) == (
        403,
        {"code": "permission_denied", "message": "Only Ada may do this.", "reason": "check"},
    )


def test_a_guard_needs_no_thread_once_the_keys_are_there(issuers: Issuers) -> None:
    """Every thread that FastAPI may use is busy, and the request is answered."""
    verifier = Verifier(issuers.home.issuer)
    verifier.warm()
    app = _app(require_auth(verifier=verifier, check=lambda auth: auth.user_id == "ada"))
    token = issuers.token()

    async def answered() -> int:
        threads = anyio.to_thread.current_default_thread_limiter()
        threads.total_tokens = 1
        async with threads:
            # Whoever holds the last thread cannot wait for another.
            with pytest.raises(RuntimeError, match="already holding"):
                await call_asgi(app, bearer(token, "/me"))
            return (await call_asgi(app, bearer(token, "/async-me"))).status

    assert asyncio.run(answered()) == 200


def test_guards_are_told_apart_and_can_be_kept_in_sets(issuer: str) -> None:
    one, other = require_auth(issuer=issuer), require_auth(issuer=issuer)
    assert one != other
    assert {one, other, one} == {other, one}


def test_a_guard_in_a_mounted_application_is_overridden_there(guard: RequireAuth[Auth]) -> None:
    inner, outer = FastAPI(), FastAPI()
    inner.get("/me", dependencies=[Depends(guard)])(lambda: "in")
    outer.mount("/shop", inner)
    assert _get(outer, "/shop/me").status_code == 401
    inner.dependency_overrides[guard] = lambda: None
    assert _get(outer, "/shop/me").json() == "in"


def test_a_guard_may_be_called_by_hand_and_binds_nothing_then(
    issuers: Issuers, guard: RequireAuth[Auth]
) -> None:
    async def call() -> Auth:
        auth = await guard(HTTPConnection(scope_of(bearer(issuers.token()))))
        with pytest.raises(ConfigurationError, match="outside a guarded request"):
            current_auth()
        return auth

    assert asyncio.run(call()).user_id == "ada"


def test_a_copied_router_keeps_its_guard(issuers: Issuers, guard: RequireAuth[Auth]) -> None:
    """Cadwyn makes the versions of an API in this way."""
    router = APIRouter(dependencies=[Depends(guard)])

    @router.get("/me")
    def me(request: Request, auth: Annotated[Auth, Depends(guard)]) -> dict[str, User]:
        return _me(request, auth)

    app = FastAPI(openapi_url=None)
    app.include_router(deepcopy(router))
    assert _get(app, token=issuers.token()).json() == {"user_id": "ada"}
    assert _get(app).status_code == 401
    app.dependency_overrides[guard] = lambda: None
    assert unguarded_routes(app) == ["GET /me"]


def test_a_guard_can_be_pickled(issuers: Issuers, guard: RequireAuth[Auth]) -> None:
    app = _app(pickle.loads(pickle.dumps(guard)))  # noqa: S301
    assert _get(app, token=issuers.token()).json() == {"user_id": "ada"}
    assert _get(app).status_code == 401
