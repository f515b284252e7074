"""`resource_urls`: serves the metadata of a protected resource (RFC 9728)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt

from torii_backend._guard.audit import METADATA
from torii_backend._guard.resource_metadata import ResourceMetadata
from torii_backend.auth import not_from_requests
from torii_backend.django.public import PublicMark, opened


@not_from_requests()
def resource_urls(resource: ResourceMetadata) -> list[URLPattern]:
    """Make the URL pattern that serves the metadata of your API, to anybody.

    Write `urlpatterns = [*resource_urls(resource), ...]` in the root URLconf. `AuthMiddleware` and
    `LoginRequiredMiddleware` let it pass. Set `TORII["RESOURCE"]` to the same object.

    Args:
        resource: what clients are told. Without an authorization server the list is empty.

    Returns:
        A list of one pattern.
    """

    def serve_metadata(request: HttpRequest, **_: Any) -> HttpResponse:
        response = resource.respond(request.method or "")
        return HttpResponse(
            b"" if request.method == "HEAD" else response.body,
            status=response.status,
            headers={**dict(response.headers), "Content-Length": str(len(response.body))},
        )

    view: Any = serve_metadata
    # As `login_not_required` does, which Django has from 5.1 on.
    view.login_required = False
    public = opened(PublicMark(METADATA.detail, ignores_token=True), csrf_exempt(view))
    return [path(resource.path[1:], public)] if resource.is_served else []
