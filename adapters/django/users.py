"""`request.user` of a project that has a USER_RESOLVER: the guard finds it before the view runs.

The request remembers the user, with the Auth and the resolver that it comes from. So guards inside one
another ask the resolver once, and a guard that verifies another token asks anew.
"""

from __future__ import annotations

from inspect import isawaitable
from typing import Any, Callable, NamedTuple

from asgiref.sync import sync_to_async
from django.http import HttpRequest

from torii_backend._guard.refusal import with_auth
from torii_backend.auth import Auth
from torii_backend.errors import ConfigurationError, PermissionDenied, ToriiAuthError

UserResolver = Callable[[Auth], Any]

_FOUND = "_torii_user"


class _Found(NamedTuple):
    auth: Auth
    resolver: UserResolver
    user: Any


def inject_user(request: HttpRequest, auth: Auth, resolver: UserResolver) -> None:
    """Set `request.user` and `request.auser()`.

    Raises:
        PermissionDenied: there is no user, the user isn't active, or the resolver raised it.
    """
    found = vars(request).get(_FOUND)
    if found is None or found.auth is not auth or found.resolver is not resolver:
        found = _Found(auth, resolver, _resolved(resolver, auth))
    _set_user(request, found)


async def inject_user_async(request: HttpRequest, auth: Auth, resolver: UserResolver) -> None:
    """Async version of `inject_user`. The resolver may query the database, so it runs in a thread."""
    found = vars(request).get(_FOUND)
    if found is None or found.auth is not auth or found.resolver is not resolver:
        found = _Found(auth, resolver, await sync_to_async(_resolved)(resolver, auth))
    _set_user(request, found)


def _resolved(resolver: UserResolver, auth: Auth) -> Any:
    try:
        user = resolver(auth)
    except PermissionDenied as denied:
        raise with_auth(denied, auth) from denied.__cause__
    except ToriiAuthError as error:
        # It is about something else than this request, which would be refused for it.
        raise ConfigurationError(
            "USER_RESOLVER must return a user or None, or raise torii_backend.PermissionDenied."
        ) from error
    if isawaitable(user):
        getattr(user, "close", object)()
        raise ConfigurationError("USER_RESOLVER must not be async. Pass a plain function.")
    # Not `is None`: it may be a lazy object, which is asked for its value here, in this thread.
    if not user or not getattr(user, "is_active", True):
        raise with_auth(
            PermissionDenied("The user has no active account in this application.", "user"), auth
        )
    return user


def _set_user(request: HttpRequest, found: _Found) -> None:
    async def auser() -> Any:
        return found.user

    vars(request)[_FOUND] = found
    request.user = found.user
    request.auser = auser
