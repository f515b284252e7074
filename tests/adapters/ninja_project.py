"""An API of django-ninja with one operation for every path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional
from uuid import uuid4

from django.http import HttpRequest
from django.urls import path, register_converter
from django.urls.converters import StringConverter
from ninja import NinjaAPI

from torii_backend import Auth
from torii_backend.ninja import ToriiBearer

from .application import METHODS

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


class _Anything(StringConverter):
    """A path parameter that may be empty."""

    regex = ".*"


register_converter(_Anything, "anything")


def urls_of(operation: Callable[..., Any], options: GuardOptions) -> tuple[Any, ...]:
    """Return the URLs of an API with a guard."""
    api = NinjaAPI(
        auth=ToriiBearer(**options), openapi_url=None, urls_namespace=f"api-{uuid4().hex}"
    )
    api.api_operation(list(METHODS), "/{anything:rest}")(operation)
    return (path("", api.urls),)


def injected(request: HttpRequest) -> Optional[Auth]:
    """Return the Auth of a request, or None."""
    auth: object = request.auth  # type: ignore[attr-defined]
    assert auth is None or isinstance(auth, Auth)
    return auth
