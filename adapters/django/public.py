"""`@public`: opens single views of a project that requires sign-in."""

from __future__ import annotations

from functools import wraps
from typing import Any, Callable, TypeVar, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.urls import Resolver404, get_resolver

from torii_backend.errors import ConfigurationError

View = TypeVar("View", bound=Callable[..., Any])

_MARK = "torii_public"


def public(view: View) -> View:
    """Open a view to everybody, behind `AuthMiddleware`.

    `request.auth` is the Auth where a good token was sent, else None; a bad token is refused. The
    policy of the project is not asked. A guard of the view itself counts as ever.

    Args:
        view: the view function, sync or async; for a class-based view, what `as_view()` returns, or
            `dispatch` through `method_decorator(public, name="dispatch")`.

    Returns:
        The view with its signature kept, marked.

    Raises:
        ConfigurationError: it is a class, or no view at all, such as what `include()` returns.
    """
    if isinstance(view, type):
        raise ConfigurationError(
            f"@public opens view functions: write public({view.__name__}.as_view()), "
            'or @method_decorator(public, name="dispatch") on the class.'
        )
    if not callable(view):
        raise ConfigurationError(
            "@public opens view functions: "
            "write it at each view to open, and not around include() or a path."
        )

    @wraps(view)
    def opened(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    if iscoroutinefunction(view):
        markcoroutinefunction(opened)
    # On a function of its own: the view may be registered elsewhere, and stay closed there.
    setattr(opened, _MARK, True)
    return cast("View", opened)


def is_public(view: object) -> bool:
    """Tell whether a view is marked by `@public`."""
    return getattr(view, _MARK, False) is True


def leads_to_public(request: HttpRequest) -> bool:
    """Tell whether a request is on its way to a public view, as far as its URL tells by now."""
    try:
        match = get_resolver(getattr(request, "urlconf", None)).resolve(request.path_info)
    except Resolver404:
        return False
    return is_public(match.func)
