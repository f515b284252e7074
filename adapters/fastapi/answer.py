"""How a refusal leaves a FastAPI application: as the exceptions that it handles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Union

from fastapi import HTTPException, WebSocketException
from starlette.datastructures import Headers

from torii_backend._guard.refusal import RefusalResponse


def exception_for(
    answer: RefusalResponse, scope: Mapping[str, Any]
) -> Union[HTTPException, WebSocketException]:
    """Put an answer into FastAPI's own envelope, `{"detail": …}`.

    A WebSocket is refused with it as well, where the server can send it; else the server sends 403.

    Args:
        answer: what `Authenticator.response_to` made of the refusal.
        scope: the ASGI scope of the request.
    """
    if scope["type"] == "websocket" and "websocket.http.response" not in (
        scope.get("extensions") or {}
    ):
        return WebSocketException(1008)
    detail = answer.document
    if isinstance(detail, dict) and detail.keys() == {"error"}:
        detail = detail["error"]
    # This kind of mapping can hold a name twice, and FastAPI writes the type and length itself.
    headers = Headers(
        raw=[
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in answer.headers
            if name.lower() not in ("content-type", "content-length")
        ]
    )
    return HTTPException(answer.status, detail=detail, headers=headers)
