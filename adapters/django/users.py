"""`request.user` of a project that has a USER_RESOLVER."""

from __future__ import annotations

from functools import cache
from typing import Any, Callable

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject


def inject_user(request: HttpRequest, find: Callable[[], Any]) -> None:
    """Set `request.user` and `request.auser()`. Both find the user on first use, and only once."""
    # `find` may query the database, so async views run it in a thread.
    found = cache(find)

    async def auser() -> Any:
        return await sync_to_async(found)()

    request.user = SimpleLazyObject(found)  # type: ignore[assignment]
    request.auser = auser
