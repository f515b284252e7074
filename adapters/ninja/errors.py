"""A refusal as an exception of django-ninja."""

from __future__ import annotations

from typing import Any, Optional

from django.http import HttpRequest, HttpResponse
from django.urls import get_resolver
from ninja import NinjaAPI
from ninja.errors import HttpError


class AuthHttpError(HttpError):
    """The response to a refused request; the ToriiAuthError is its cause.

    django-ninja puts the message into its own envelope if our handler isn't registered.
    """

    def __init__(self, response: HttpResponse, message: str) -> None:
        super().__init__(response.status_code, message)
        self.response = response


def register_handler(request: HttpRequest) -> None:
    """Register our exception handler on the API that serves this request.

    django-ninja doesn't tell an `auth=` callable which API it belongs to, so we do it on a refusal.
    """
    api = _api_of(request)
    if api is not None:
        api.add_exception_handler(AuthHttpError, _response_of)


def _response_of(request: HttpRequest, error: Any) -> HttpResponse:
    response: HttpResponse = error.response
    return response


def _api_of(request: HttpRequest) -> Optional[NinjaAPI]:
    """Return the API, which is found at the URL of its root; None in ninja's TestClient."""
    resolver = get_resolver(getattr(request, "urlconf", None))
    match = getattr(request, "resolver_match", None)
    for namespace in match.namespaces if match else ():
        resolver = resolver.namespace_dict[namespace][1]
    for pattern in resolver.url_patterns:
        if getattr(pattern, "name", None) == "api-root":
            view: Any = pattern.callback
            api: NinjaAPI = view.keywords["api"]
            return api
    return None
