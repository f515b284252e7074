"""The view that serves the metadata of a protected resource (RFC 9728)."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, request

from torii_backend._guard.resource_metadata import METHODS, ResourceMetadata


class MetadataView:
    """Serves the document. Guards of applications and blueprints let its requests pass."""

    def __init__(self, resource: ResourceMetadata) -> None:
        self._resource = resource
        # Flask makes the endpoint's name of it.
        self.__name__ = "torii_resource_metadata"

    def __call__(self, **_: Any) -> Response:
        """Serve the current request."""
        response = self._resource.respond(request.method)
        return Response(response.body, response.status, list(response.headers))


def serve_metadata(app: Flask, resource: ResourceMetadata) -> None:
    """Add the route of the document to an application."""
    app.add_url_rule(
        resource.path,
        view_func=MetadataView(resource),
        methods=METHODS,
        provide_automatic_options=False,
    )
