"""A Django project behind `AuthMiddleware`, under WSGI."""

from __future__ import annotations

from typing import Any, Callable

from django.http import HttpRequest
from django.urls import path

from tests.adapters.delivery import Serve, serve_wsgi
from tests.adapters.django_project import MIDDLEWARE, wsgi_handler_of
from torii_backend import Events
from torii_backend.django import receive

ISSUER = "https://acme.torii.so"


def build(events: Events, *, consumed: bool = False) -> Serve:
    return serve_wsgi(wsgi_handler_of(urls(events), **settings(consumed=consumed)))


def urls(events: Events) -> tuple[Any, ...]:
    return (path("torii/events", receive(events)),)


def settings(*, consumed: bool) -> dict[str, Any]:
    layers = [MIDDLEWARE, "django.middleware.csrf.CsrfViewMiddleware"]
    parser = [f"{__name__}.parse"] if consumed else []
    return {"MIDDLEWARE": [*layers, *parser], "TORII": {"ISSUER": ISSUER}}


def parse(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Read the body of each request as a form."""

    def middleware(request: HttpRequest) -> Any:
        assert request.POST is not None
        return get_response(request)

    return middleware
