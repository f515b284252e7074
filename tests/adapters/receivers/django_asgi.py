"""A Django project behind `AuthMiddleware`, under ASGI."""

from __future__ import annotations

from tests.adapters.delivery import Serve, serve_asgi
from tests.adapters.django_project import asgi_handler_of
from torii_backend import Events

from .django_wsgi import settings, urls


def build(events: Events, *, consumed: bool = False) -> Serve:
    return serve_asgi(asgi_handler_of(urls(events), **settings(consumed=consumed)))
