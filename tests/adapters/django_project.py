"""The Django project of all tests. Settings are configured once, and each test makes its handlers."""

from __future__ import annotations

import asyncio
from typing import Any, Callable, Optional, Union

import django
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import override_settings
from django.urls import re_path
from django.views import View

from torii_backend import Auth, current_auth

from .application import is_streamed, joined, respond, respond_async
from .messages import Request, Response
from .transport import call_asgi, call_wsgi

MIDDLEWARE = "torii_backend.django.AuthMiddleware"

urlpatterns: list[Any] = []

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["testserver"],
        INSTALLED_APPS=["torii_backend.django", "torii_backend.django.events"],
        LOGGING_CONFIG=None,
        MIDDLEWARE=[],
        # The default, AnonymousUser, needs Django's own users.
        REST_FRAMEWORK={"UNAUTHENTICATED_USER": None},
        ROOT_URLCONF=__name__,
        SECRET_KEY="for tests alone",
    )
    django.setup()


def wsgi_handler(view: Callable[..., HttpResponseBase], **overrides: Any) -> WSGIHandler:
    """Return a WSGI handler with one view for every path, made with these settings."""
    return wsgi_handler_of((re_path("", view),), **overrides)


def wsgi_handler_of(urlconf: tuple[Any, ...], **overrides: Any) -> WSGIHandler:
    """Return a WSGI handler for these URLs, made with these settings."""
    with override_settings(**overrides):
        handler = WSGIHandler()
    handler.request_class = type("Request", (WSGIRequest,), {"urlconf": urlconf})
    return handler


def asgi_handler(view: Callable[..., Any], **overrides: Any) -> ASGIHandler:
    """Return an ASGI handler with one view for every path, made with these settings."""
    return asgi_handler_of((re_path("", view),), **overrides)


def asgi_handler_of(urlconf: tuple[Any, ...], **overrides: Any) -> ASGIHandler:
    """Return an ASGI handler for these URLs, made with these settings."""
    with override_settings(**overrides):
        handler = ASGIHandler()
    handler.request_class = type("Request", (ASGIRequest,), {"urlconf": urlconf})
    return handler


def view(request: HttpRequest) -> HttpResponseBase:
    """Respond as the application of the contract does."""
    chunks = respond(request.path_info, request.auth)  # type: ignore[attr-defined]
    if is_streamed(request.path_info):
        return StreamingHttpResponse(chunks, content_type="application/json")
    return HttpResponse(b"".join(chunks), content_type="application/json")


async def async_view(request: HttpRequest) -> HttpResponseBase:
    """Async version of `view`."""
    chunks = await respond_async(request.path_info, request.auth)  # type: ignore[attr-defined]
    if is_streamed(request.path_info):
        return StreamingHttpResponse(chunks, content_type="application/json")
    return HttpResponse(await joined(chunks), content_type="application/json")


def me(request: HttpRequest, **_: str) -> JsonResponse:
    """Respond with the id of the user, who must be `current_auth()`, too."""
    auth: Optional[Auth] = request.auth  # type: ignore[attr-defined]
    assert auth is current_auth()
    return JsonResponse({"user_id": None if auth is None else auth.user_id})


async def async_me(request: HttpRequest) -> JsonResponse:
    """Async version of `me`."""
    return me(request)


class MeView(View):
    def get(self, request: HttpRequest) -> JsonResponse:
        return me(request)


class AsyncMeView(View):
    async def get(self, request: HttpRequest) -> JsonResponse:
        return me(request)


ViewOrURLs = Union[Callable[..., Any], tuple[Any, ...]]


def ask(view: ViewOrURLs, request: Request, **overrides: Any) -> Response:
    """Send a request to a view or to URLs under WSGI, with these settings."""
    urls = (re_path("", view),) if callable(view) else view
    with override_settings(**overrides):
        return call_wsgi(wsgi_handler_of(urls), request)


def ask_async(view: ViewOrURLs, request: Request, **overrides: Any) -> Response:
    """Async version of `ask`, under ASGI."""
    urls = (re_path("", view),) if callable(view) else view
    with override_settings(**overrides):
        return asyncio.run(call_asgi(asgi_handler_of(urls), request))


BOTH = ((ask, me), (ask_async, async_me))
