"""The decorator that guards one view."""

from __future__ import annotations

from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar, cast, overload

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from torii_backend._guard.options import GuardOptions
from torii_backend.django.guard import ViewGuard

if TYPE_CHECKING:
    from typing_extensions import Unpack

View = TypeVar("View", bound=Callable[..., Any])


@overload
def require_auth(view: View) -> View: ...


@overload
def require_auth(**options: Unpack[GuardOptions]) -> Callable[[View], View]: ...


def require_auth(view: Optional[View] = None, **options: Unpack[GuardOptions]) -> Any:
    """Let only authenticated requests through to a view.

    Args:
        view: the view function, sync or async, where the decorator is used bare.
        options: the keywords of `torii_backend._guard.options.GuardOptions`; for those not given
            `settings.TORII` counts, except REQUIRED and EXEMPT.

    Returns:
        The view, or a decorator for it, with its signature kept.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """
    views = ViewGuard(options) if options else _bare
    return partial(_guarded, views) if view is None else _guarded(views, view)


_bare = ViewGuard({})


def _guarded(views: ViewGuard, view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        def respond(passed: HttpRequest) -> HttpResponseBase:
            response: HttpResponseBase = view(passed, *args, **kwargs)
            return response

        return views.guard.answer(request, respond)

    @wraps(view)
    async def guarded_async(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        async def respond(passed: HttpRequest) -> HttpResponseBase:
            response: HttpResponseBase = await view(passed, *args, **kwargs)
            return response

        return await views.guard.answer_async(request, respond)

    return cast("View", guarded_async if _is_async(view) else guarded)


def _is_async(view: Callable[..., Any]) -> bool:
    """Tell whether a view is async, also where `method_decorator` passes `dispatch` of a class."""
    if iscoroutinefunction(view):
        return True
    method = view.func if isinstance(view, partial) else view
    return bool(getattr(getattr(method, "__self__", None), "view_is_async", False))
