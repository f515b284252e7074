"""Guarding FastAPI routes."""

from __future__ import annotations

from typing import Annotated, Optional, Union

from fastapi import APIRouter, Depends, FastAPI, WebSocket
from typing_extensions import assert_type

from torii_backend import Auth, Policy, Verifier
from torii_backend.fastapi import (
    REFUSALS,
    RequireAuth,
    optional_auth,
    require_auth,
)

app = FastAPI()
signed_in = require_auth(issuer="https://acme.torii.so")
maybe_signed_in = require_auth(required=False, exempt=["/health"])

assert_type(require_auth(), RequireAuth[Auth])
assert_type(require_auth(required=True, leeway=5), RequireAuth[Auth])
assert_type(require_auth(verifier=Verifier()), RequireAuth[Auth])
assert_type(signed_in, RequireAuth[Auth])
assert_type(maybe_signed_in, RequireAuth[Optional[Auth]])

assert_type(optional_auth(), RequireAuth[Optional[Auth]])
assert_type(
    optional_auth(issuer=lambda request: request.host, leeway=5), RequireAuth[Optional[Auth]]
)
assert_type(require_auth(role="admin", email_verified=True), RequireAuth[Auth])


async def allowed(auth: Auth) -> Union[bool, str]:
    return auth.has_role("admin") or "Ask an admin."


assert_type(require_auth(check=allowed, policy=Policy(organization=True)), RequireAuth[Auth])
described = FastAPI(responses=REFUSALS)
APIRouter(responses=REFUSALS)
app.dependency_overrides[signed_in] = lambda: None

SignedIn = Annotated[Auth, Depends(signed_in)]


@app.get("/me")
async def me(auth: SignedIn) -> str:
    assert_type(auth, Auth)
    return auth.user_id


@app.get("/maybe")
def maybe(auth: Annotated[Optional[Auth], Depends(maybe_signed_in)]) -> Optional[str]:
    return auth.user_id  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]


def made(decided_later: bool) -> None:
    assert_type(signed_in, RequireAuth[Auth])
    assert_type(maybe_signed_in, RequireAuth[Optional[Auth]])
    assert_type(require_auth(required=decided_later), RequireAuth[Optional[Auth]])


@app.websocket("/ws")
async def talk(websocket: WebSocket, auth: SignedIn) -> None:
    await websocket.accept()
    await websocket.send_text(auth.user_id)


optional_auth(required=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
require_auth(role=7)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
require_auth("https://acme.torii.so")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
require_auth(isuer="x")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
