"""`resource_router`: serves the metadata of a protected resource (RFC 9728)."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from torii_backend._guard.resource_metadata import METHODS, ResourceMetadata
from torii_backend.auth import not_from_requests


class MetadataEndpoint:
    """Serves the document. As an ASGI application it has no dependencies."""

    def __init__(self, resource: ResourceMetadata) -> None:
        self._resource = resource

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Serve one request."""
        found = self._resource.respond(scope["method"])
        body = b"" if scope["method"] == "HEAD" else found.body
        headers = {**dict(found.headers), "Content-Length": str(len(found.body))}
        await Response(body, found.status, headers)(scope, receive, send)


@not_from_requests()
def resource_router(resource: ResourceMetadata) -> APIRouter:
    """Make the router that serves the metadata of your API, to anybody.

    Write `app.include_router(resource_router(resource))`, without a prefix. Dependencies of the
    application don't apply to it. Pass the same `resource` to your guards.

    Args:
        resource: what clients are told. Without an authorization server the router is empty.

    Returns:
        The router, with one route that the OpenAPI document doesn't show.
    """
    router = APIRouter()
    if resource.is_served:
        endpoint: Any = MetadataEndpoint(resource)
        router.add_route(resource.path, endpoint, methods=[*METHODS], include_in_schema=False)
    return router
