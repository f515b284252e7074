"""`@public`: exempts individual views of a project that requires sign-in."""

from __future__ import annotations

import typing
from functools import partial, wraps
from typing import Any, Callable, NamedTuple, Optional, TypeVar, Union

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.urls import Resolver404, get_resolver
from msgspec import UNSET, UnsetType

from torii_backend.auth import not_from_requests
from torii_backend.errors import ConfigurationError

View = TypeVar("View", bound=Callable[..., Any])

_MARK = "torii_public"


class PublicMark(NamedTuple):
    """The mark of a public view.

    Attributes:
        reason: what an audit of routes shows, or empty.
        ignores_token: whether an invalid token is let pass, too.
    """

    reason: str
    ignores_token: bool = False


# By its full name, which jedi doesn't know: it reads the keywords from the function below instead.
@typing.overload
def public(view: View) -> View: ...


@typing.overload
def public(*, reason: str = ...) -> Callable[[View], View]: ...


@not_from_requests()
def public(view: Union[View, UnsetType] = UNSET, *, reason: str = "") -> Any:
    """Exempt a view from the sign-in that `AuthMiddleware` requires.

    `request.auth` is the Auth if the request has a valid token, and None if it has no token. An
    invalid token is still rejected. The policy of the project does not apply, and a user whom
    USER_RESOLVER refuses is treated like one without a token. A guard on the view itself still
    applies.

    Args:
        view: the view function, sync or async, when you use the decorator without parentheses. For a
            class-based view, pass what `as_view()` returns, or write
            `@method_decorator(public, name="dispatch")` on the class.
        reason: why the view is public, such as `"price list"`. `routes` shows it.

    Returns:
        The view, marked as public, with its signature kept, or a decorator that makes it.

    Raises:
        ConfigurationError: `view` is a class, or not callable, such as what `include()` returns, or
            `reason` is not a string.
    """
    if not isinstance(reason, str):
        raise ConfigurationError('reason must be a string, such as "price list".')
    mark = PublicMark(reason)
    return partial(opened, mark) if view is UNSET else opened(mark, view)


def opened(mark: PublicMark, view: Any) -> Any:
    """Return a view with the mark of a public one."""
    if isinstance(view, type):
        raise ConfigurationError(
            f"@public takes a view function. Write public({view.__name__}.as_view()), "
            'or @method_decorator(public, name="dispatch") on the class.'
        )
    if not callable(view):
        raise ConfigurationError(
            "@public takes a view function. Write it at each view, not around include() or path()."
        )

    @wraps(view)
    def public_view(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    if iscoroutinefunction(view):
        markcoroutinefunction(public_view)
    # The mark is on the wrapper, because the view itself may be registered elsewhere, without @public.
    setattr(public_view, _MARK, mark)
    return public_view


def public_mark(view: object) -> Optional[PublicMark]:
    """Return the mark of a view if it is marked by `@public`."""
    mark = getattr(view, _MARK, None)
    return mark if isinstance(mark, PublicMark) else None


def mark_of_target(request: HttpRequest) -> Optional[PublicMark]:
    """Return the mark of the view to which the URL of a request belongs, if that is public.

    Another middleware may still reroute it, so `AuthMiddleware` checks the view itself, too.
    """
    try:
        match = get_resolver(getattr(request, "urlconf", None)).resolve(request.path_info)
    except Resolver404:
        return None
    return public_mark(match.func)
