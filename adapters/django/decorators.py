"""The decorator that guards one view."""

from __future__ import annotations

import os
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar, cast, overload

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from torii_backend.authenticator import Authenticator
from torii_backend.django.guard import LET_IN, answer, answer_async
from torii_backend.django.options import configured_options
from torii_backend.options import AuthOptions, check_options, view_options

if TYPE_CHECKING:
    from typing_extensions import Unpack

View = TypeVar("View", bound=Callable[..., Any])


@overload
def require_auth(view: View) -> View: ...


@overload
def require_auth(**options: Unpack[AuthOptions]) -> Callable[[View], View]: ...


def require_auth(view: Optional[View] = None, **options: Unpack[AuthOptions]) -> Any:
    """Let only authenticated requests through to a view.

    Args:
        view: the view function, sync or async, where the decorator is used bare.
        options: the keywords of `torii_backend.options.AuthOptions`; for those not given
            `settings.TORII` counts, except REQUIRED and EXEMPT.

    Returns:
        The view, or a decorator for it, with its signature kept.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """
    check_options(options)
    guard = _ViewGuard(options) if options else _bare_guard
    return guard.decorate if view is None else guard.decorate(view)


class _ViewGuard:
    """The guard of views with certain options; it follows the settings when tests change them."""

    def __init__(self, options: AuthOptions) -> None:
        self._options = options
        self._made: Optional[tuple[object, Authenticator]] = None

    def decorate(self, view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if self._is_let_in(request):
                return view(request, *args, **kwargs)

            def respond(passed: HttpRequest) -> HttpResponseBase:
                response: HttpResponseBase = view(passed, *args, **kwargs)
                return response

            return answer(self._authenticator(), request, respond)

        @wraps(view)
        async def guarded_async(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if self._is_let_in(request):
                return await view(request, *args, **kwargs)

            async def respond(passed: HttpRequest) -> HttpResponseBase:
                response: HttpResponseBase = await view(passed, *args, **kwargs)
                return response

            return await answer_async(self._authenticator(), request, respond)

        return cast("View", guarded_async if _is_async(view) else guarded)

    def _is_let_in(self, request: HttpRequest) -> bool:
        """Tell whether the middleware has done the work of a bare decorator already."""
        return not self._options and getattr(request, LET_IN, None) is not None

    def _authenticator(self) -> Authenticator:
        source = (getattr(settings, "TORII", None), os.environ.get("TORII_ISSUER"))
        if self._made is None or self._made[0] != source:
            options = view_options(configured_options(), self._options)
            self._made = source, Authenticator(**options)
        return self._made[1]


_bare_guard = _ViewGuard({})


def _is_async(view: Callable[..., Any]) -> bool:
    """Tell whether a view is async, also where `method_decorator` passes `dispatch` of a class."""
    if iscoroutinefunction(view):
        return True
    method = view.func if isinstance(view, partial) else view
    return bool(getattr(getattr(method, "__self__", None), "view_is_async", False))
