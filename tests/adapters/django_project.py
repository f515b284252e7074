"""One Django project for all tests: settings are configured once, handlers are made per test."""

from __future__ import annotations

from typing import Any, Callable

import django
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import override_settings
from django.urls import re_path

from .application import is_streamed, joined, respond, respond_async

MIDDLEWARE = "torii_backend.django.AuthMiddleware"

urlpatterns: list[Any] = []

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["testserver"],
        INSTALLED_APPS=["torii_backend.django"],
        LOGGING_CONFIG=None,
        MIDDLEWARE=[],
        # Django's own AnonymousUser would need Django's own users.
        REST_FRAMEWORK={"UNAUTHENTICATED_USER": None},
        ROOT_URLCONF=__name__,
        SECRET_KEY="for tests alone",
    )
    django.setup()


def wsgi_handler(view: Callable[..., HttpResponseBase], **overrides: Any) -> WSGIHandler:
    """Make a handler whose every path leads to this view; the settings count while it is made."""
    return wsgi_handler_of((re_path("", view),), **overrides)


def wsgi_handler_of(urlconf: tuple[Any, ...], **overrides: Any) -> WSGIHandler:
    """Make a handler of these URLs; the settings count while it is made."""
    with override_settings(**overrides):
        handler = WSGIHandler()
    handler.request_class = type("Request", (WSGIRequest,), {"urlconf": urlconf})
    return handler


def asgi_handler(view: Callable[..., Any], **overrides: Any) -> ASGIHandler:
    """Do as `wsgi_handler`, for an async view."""
    return asgi_handler_of((re_path("", view),), **overrides)


def asgi_handler_of(urlconf: tuple[Any, ...], **overrides: Any) -> ASGIHandler:
    """Do as `wsgi_handler_of`, for async views."""
    with override_settings(**overrides):
        handler = ASGIHandler()
    handler.request_class = type("Request", (ASGIRequest,), {"urlconf": urlconf})
    return handler


def view(request: HttpRequest) -> HttpResponseBase:
    """Answer for the application."""
    chunks = respond(request.path_info, request.auth)  # type: ignore[attr-defined]
    if is_streamed(request.path_info):
        return StreamingHttpResponse(chunks, content_type="application/json")
    return HttpResponse(b"".join(chunks), content_type="application/json")


async def async_view(request: HttpRequest) -> HttpResponseBase:
    """Answer for the application, on an event loop."""
    chunks = await respond_async(request.path_info, request.auth)  # type: ignore[attr-defined]
    if is_streamed(request.path_info):
        return StreamingHttpResponse(chunks, content_type="application/json")
    return HttpResponse(await joined(chunks), content_type="application/json")
