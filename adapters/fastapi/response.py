"""The error responses of the guards: as exceptions that FastAPI handles, and in OpenAPI."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Optional, Union

from fastapi import HTTPException, WebSocketException
from fastapi.openapi.models import APIKey, HTTPBearer, SecurityBase
from pydantic import BaseModel
from starlette.datastructures import Headers

from torii_backend._guard.authenticator import Authenticator
from torii_backend._guard.refusal import RefusalResponse


class ToriiRefusalDetail(BaseModel):
    """What a guard rejected a request for. `reason` is set if a token or a policy is why."""

    code: str
    message: str
    reason: Optional[str] = None


class ToriiRefusal(BaseModel):
    """The body of a guard's error response."""

    detail: ToriiRefusalDetail


def _described(description: str, header: str) -> dict[str, Any]:
    return {
        "model": ToriiRefusal,
        "description": description,
        "headers": {header: {"schema": {"type": "string"}}},
    }


REFUSALS: dict[Union[int, str], dict[str, Any]] = {
    400: _described("The bearer credentials are malformed.", "WWW-Authenticate"),
    401: _described("The access token is missing or invalid.", "WWW-Authenticate"),
    403: _described("The signed-in user isn't allowed to do this.", "WWW-Authenticate"),
    503: _described("The access token can't be verified at the moment.", "Retry-After"),
}
"""The error responses of every guard, for `responses=` of an application, a router or a route."""


def security_scheme(authenticator: Authenticator) -> tuple[str, SecurityBase]:
    """Return name and content of the security scheme in OpenAPI that a guard amounts to."""
    header, bare = authenticator.vary.header, authenticator.scheme is None
    if header == "Authorization" and not bare:
        return "Torii", HTTPBearer(bearerFormat="JWT", description="A Torii access token.")
    form = "A Torii access token." if bare else "The word Bearer, a space and a Torii access token."
    # OpenAPI allows fewer characters in a name than HTTP.
    name = re.sub("[^A-Za-z0-9.-]", "_", f"Torii-{header}")
    return name, APIKey.model_validate({"in": "header", "name": header, "description": form})


def exception_for(
    response: RefusalResponse, scope: Mapping[str, Any]
) -> Union[HTTPException, WebSocketException]:
    """Return the exception that sends a response in FastAPI's own envelope, `{"detail": …}`.

    A WebSocket is refused with it as well, if the server can send it. Otherwise the server sends 403.
    """
    if scope["type"] == "websocket" and "websocket.http.response" not in (
        scope.get("extensions") or {}
    ):
        return WebSocketException(1008)
    detail = response.document
    if isinstance(detail, dict) and detail.keys() == {"error"}:
        detail = detail["error"]
    # This kind of mapping can hold a name twice, and FastAPI writes the type and length itself.
    headers = Headers(
        raw=[
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in response.headers
            if name.lower() not in ("content-type", "content-length")
        ]
    )
    return HTTPException(response.status, detail=detail, headers=headers)
