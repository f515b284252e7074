"""What guards need of django-ninja and find no hook for: its classes of operations are extended, once.

- A response gets the `Vary` that guards noted at its request.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja.operation import PathView

from torii_backend.django.vary import vary

_sync_view, _async_view = PathView._sync_view, PathView._async_view


def _varying(self: PathView, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
    return vary(request, _sync_view(self, request, *args, **kwargs))


async def _varying_async(
    self: PathView, request: HttpRequest, *args: Any, **kwargs: Any
) -> HttpResponseBase:
    return vary(request, await _async_view(self, request, *args, **kwargs))


def extend_operations() -> None:
    """Put our methods in the place of those that they call."""
    PathView._sync_view = _varying  # type: ignore[method-assign]
    PathView._async_view = _varying_async  # type: ignore[method-assign]
