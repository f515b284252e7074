"""A refusal, in the form that django-ninja can answer."""

from __future__ import annotations

from typing import Any, Optional

from django.http import HttpRequest, HttpResponse
from django.urls import get_resolver
from ninja import NinjaAPI
from ninja.errors import HttpError


class Refused(HttpError):
    """A request may not pass; its cause is the ToriiAuthError.

    Args:
        response: the answer.
        message: what stands in the envelope of django-ninja, should nobody send the answer.
    """

    def __init__(self, response: HttpResponse, message: str) -> None:
        super().__init__(response.status_code, message)
        self.response = response


def teach(request: HttpRequest) -> None:
    """Let the API that serves a request answer refusals as we do.

    It knows nothing of them before: what stands in `auth=` is not told the API it guards.
    """
    api = _api_of(request)
    if api is not None:
        api.add_exception_handler(Refused, _answer)


def _answer(request: HttpRequest, refused: Any) -> HttpResponse:
    response: HttpResponse = refused.response
    return response


def _api_of(request: HttpRequest) -> Optional[NinjaAPI]:
    """Find the API by the URL of its root, which carries it; there is none in ninja's TestClient."""
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
