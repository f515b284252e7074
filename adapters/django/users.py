"""`request.user`, where the project maps an Auth to a user."""

from __future__ import annotations

from functools import cache
from typing import Any, Callable

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject


def inject_user(request: HttpRequest, find: Callable[[], Any]) -> None:
    """Set `request.user` and its async twin `request.auser()`; the user is found once, when asked.

    Args:
        request: the request of the user.
        find: finds the user, and may query the database.
    """
    found = cache(find)

    async def auser() -> Any:
        return await sync_to_async(found)()

    request.user = SimpleLazyObject(found)  # type: ignore[assignment]
    request.auser = auser
