"""A refusal as an exception of django-ninja."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any, Optional

from django.http import HttpRequest, HttpResponse
from django.urls import URLResolver, get_resolver
from ninja import NinjaAPI
from ninja.errors import HttpError

from torii_backend._guard.refusal import is_refusal_by_view
from torii_backend.django.guard import RequestGuard
from torii_backend.errors import InvalidToken, PermissionDenied, ToriiError

# The guard that let a request pass.
_GUARD = "torii_backend.ninja.guard"


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


def respond_to_refusals_of_view(request: HttpRequest, guard: RequestGuard) -> None:
    """Respond to a refusal that the operation raises, unless the API has a handler of its own."""
    vars(request)[_GUARD] = guard
    api = _api_of(request)
    if api is None:
        return
    for error in (PermissionDenied, InvalidToken):
        if error not in api._exception_handlers:
            api.add_exception_handler(error, partial(_respond_to_refusal, api))


def _respond_to_refusal(api: NinjaAPI, request: HttpRequest, error: Any) -> HttpResponse:
    guard: Optional[RequestGuard] = vars(request).get(_GUARD)
    is_refusal = guard is not None and is_refusal_by_view(error)
    for each in type(error).__mro__:
        if is_refusal and not issubclass(each, ToriiError):
            break
        handler = api._exception_handlers.get(each)
        if handler is not None and getattr(handler, "func", None) is not _respond_to_refusal:
            return handler(request, error)
    if guard is None or not is_refusal:
        raise error
    return guard.http_response_to(error, request, "ninja")


def _response_of(request: HttpRequest, error: Any) -> HttpResponse:
    response: HttpResponse = error.response
    return response


def _api_of(request: HttpRequest) -> Optional[NinjaAPI]:
    """Return the API, which is found at the URL of its root; None in ninja's TestClient."""
    resolver = get_resolver(getattr(request, "urlconf", None))
    match = getattr(request, "resolver_match", None)
    for namespace in match.namespaces if match else ():
        if namespace not in resolver.namespace_dict:
            # A view resolved this request by other URLs than Django would.
            return None
        resolver = resolver.namespace_dict[namespace][1]
    return _api_at(resolver)


@lru_cache(maxsize=64)
def _api_at(resolver: URLResolver) -> Optional[NinjaAPI]:
    for pattern in resolver.url_patterns:
        if getattr(pattern, "name", None) == "api-root":
            view: Any = pattern.callback
            api: NinjaAPI = view.keywords["api"]
            return api
    return None
