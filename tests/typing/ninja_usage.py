"""Guarding operations of django-ninja."""

from __future__ import annotations

from typing import Optional

from django.http import HttpRequest
from ninja import NinjaAPI, Router
from typing_extensions import assert_type

from torii_backend import Auth
from torii_backend.ninja import ToriiBearer, current_auth

api = NinjaAPI(auth=ToriiBearer(issuer="https://acme.torii.so"))
router = Router(auth=[ToriiBearer(role="admin")])


@api.get("/me")
def me(request: HttpRequest) -> dict[str, bool]:
    assert_type(current_auth(), Optional[Auth])
    return {"ok": True}


@router.get("/later", auth=ToriiBearer(required=False, email_verified=True))
async def later(request: HttpRequest) -> dict[str, bool]:
    auth: object = getattr(request, "auth", None)
    return {"ok": auth is None}


ToriiBearer(rol="admin")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
