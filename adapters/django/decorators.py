"""The decorators that guard one view."""

from __future__ import annotations

import typing
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar, Union, cast

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest

from torii_backend._guard.audit import GUARD_MARK
from torii_backend._guard.options import (
    GuardOptions,
    IssuerOf,
    OptionsBesidesIssuer,
    require_view,
    shows_options,
)
from torii_backend.django.guard import LazyGuard
from torii_backend.settings import Issuer

if TYPE_CHECKING:
    from typing_extensions import Unpack

View = TypeVar("View", bound=Callable[..., Any])

# Django applies the decorator of a method anew for each request, so the bare forms reuse their guard.
_required = LazyGuard()
_optional = LazyGuard(required=False)


# By its full name, which jedi doesn't know: it reads the keywords from the function below instead.
@typing.overload
def require_auth(view: View) -> View: ...


@typing.overload
def require_auth(**options: Unpack[GuardOptions]) -> Callable[[View], View]: ...


@shows_options(GuardOptions)
def require_auth(view: Optional[View] = None, **options: Unpack[GuardOptions]) -> Any:
    """Require sign-in for a view. The view finds the Auth in `request.auth`.

    Args:
        view: the view function, sync or async, when you use the decorator without parentheses.
        options: the keywords of `torii_backend.GuardOptions`. Those you leave out come from
            `settings.TORII`, except REQUIRED and EXEMPT.

    Returns:
        The guarded view with its signature kept, or a decorator that makes it.

    Raises:
        ConfigurationError: a setting is missing or wrong.
        TypeError: a keyword is unknown, or an option is not passed by name.
    """
    require_view(view)
    guard = LazyGuard(**options) if options else _required
    return partial(_guarded, guard) if view is None else _guarded(guard, view)


@typing.overload
def optional_auth(view: View) -> View: ...


@typing.overload
def optional_auth(
    *, issuer: Union[Issuer, IssuerOf] = None, **options: Unpack[OptionsBesidesIssuer]
) -> Callable[[View], View]: ...


@shows_options(OptionsBesidesIssuer)
def optional_auth(
    view: Optional[View] = None,
    *,
    issuer: Union[Issuer, IssuerOf] = None,
    **options: Unpack[OptionsBesidesIssuer],
) -> Any:
    """Make sign-in optional for a view. Without a token, `request.auth` is None.

    A request with an invalid token is still rejected, and so is a user who fails the policy.

    Args:
        view: the view function, sync or async, when you use the decorator without parentheses.
        issuer: as for `require_auth`.
        options: the keywords of `require_auth`, except `required`.

    Returns:
        The guarded view with its signature kept, or a decorator that makes it.

    Raises:
        ConfigurationError: a setting is missing or wrong.
        TypeError: a keyword is unknown, or an option is not passed by name.
    """
    require_view(view)
    guard = _optional
    if issuer is not None or options:
        guard = LazyGuard(issuer=issuer, required=False, **options)
    return partial(_guarded, guard) if view is None else _guarded(guard, view)


def _guarded(guard: LazyGuard, view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return guard.get().handle(request, lambda passed: view(passed, *args, **kwargs))

    @wraps(view)
    async def guarded_async(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return await guard.get().handle_async(request, lambda passed: view(passed, *args, **kwargs))

    chosen = guarded_async if _is_async(view) else guarded
    setattr(chosen, GUARD_MARK, guard)
    return cast("View", chosen)


def _is_async(view: Callable[..., Any]) -> bool:
    """Return whether a view is async, or is `dispatch` of an async class as `method_decorator` passes it."""
    if iscoroutinefunction(view):
        return True
    method = view.func if isinstance(view, partial) else view
    return bool(getattr(getattr(method, "__self__", None), "view_is_async", False))
