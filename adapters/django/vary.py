"""`Vary`: a cache must not give a response that depends on a token to the sender of another one, or of none.

A guard notes the header of the token at the request, and adds it to the `Vary` of the response when that
leaves the guard. That is enough for all caches outside: browsers, proxies, and Django's cache around the
guard. Django's cache inside the guard, such as `cache_page` on a view behind the middleware, stores the
response before it gets there. New versions of Django vary on Authorization by themselves, but on no other
header. So we wrap the one method that is asked before a response is stored.
"""

from __future__ import annotations

from typing import Any, TypeVar

from django.core.handlers.base import BaseHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.cache import UpdateCacheMiddleware
from django.utils.cache import patch_vary_headers

Response = TypeVar("Response")

_HEADERS = "_torii_vary"


def note_header(request: HttpRequest, header: str) -> None:
    """Note that the response to this request depends on a header."""
    noted = noted_headers(request)
    if header not in noted:
        setattr(request, _HEADERS, (*noted, header))


def noted_headers(request: HttpRequest) -> tuple[str, ...]:
    """Return the headers that guards have noted at a request."""
    noted: object = getattr(request, _HEADERS, ())
    # The test client of django-ninja makes requests that have every attribute.
    return noted if isinstance(noted, tuple) else ()


def vary(request: HttpRequest, response: Response) -> Response:
    """Add the noted headers to the `Vary` of a response, and keep what is there."""
    noted = noted_headers(request)
    # An operation of django-ninja that has a guard of Django returns what becomes a response.
    if noted and isinstance(response, HttpResponseBase):
        found, wanted = response.headers.get("Vary"), ", ".join(noted)
        if found is None:  # what Django's function does, in a fraction of the time
            response.headers["Vary"] = wanted
        elif found != wanted:  # else a guard further inside has added it
            patch_vary_headers(response, noted)
    return response


_should_update_cache = UpdateCacheMiddleware._should_update_cache  # type: ignore[attr-defined]


def _varying(self: UpdateCacheMiddleware, request: HttpRequest, response: Any) -> bool:
    should: bool = _should_update_cache(self, request, vary(request, response))
    return should


UpdateCacheMiddleware._should_update_cache = _varying  # type: ignore[attr-defined]


_get_response, _get_response_async = BaseHandler.get_response, BaseHandler.get_response_async


def _varying_response(self: BaseHandler, request: HttpRequest) -> HttpResponseBase:
    return vary(request, _get_response(self, request))


async def _varying_response_async(self: BaseHandler, request: HttpRequest) -> HttpResponseBase:
    return vary(request, await _get_response_async(self, request))


BaseHandler.get_response = _varying_response  # type: ignore[method-assign]
BaseHandler.get_response_async = _varying_response_async  # type: ignore[method-assign]
