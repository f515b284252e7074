"""The decorators that guard one view."""

from __future__ import annotations

import typing
from functools import wraps
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar, Union, cast

from flask import Flask, current_app

from torii_backend._guard.options import (
    GuardOptions,
    IssuerOf,
    OptionsBesidesIssuer,
    require_view,
    shows_options,
)
from torii_backend.errors import ConfigurationError
from torii_backend.flask.guard import ViewGuard, configured_options
from torii_backend.flask.order import mark_guard, note_guarded
from torii_backend.settings import Issuer

if TYPE_CHECKING:
    from typing_extensions import Unpack

View = TypeVar("View", bound=Callable[..., Any])


# By its full name, which jedi doesn't know: it reads the keywords from the function below instead.
@typing.overload
def require_auth(view: View) -> View: ...


@typing.overload
def require_auth(**options: Unpack[GuardOptions]) -> Callable[[View], View]: ...


@shows_options(GuardOptions)
def require_auth(view: Optional[View] = None, **options: Unpack[GuardOptions]) -> Any:
    """Require sign-in for a view. Write it below `@app.route`. The view finds the Auth in `g.auth`.

    Above `@app.route` it would guard nothing, and the first request to the application fails.

    Args:
        view: the view function, plain or async, when you use the decorator without parentheses. It
            also works on methods of class-based views, and in the `decorators` of the class.
        options: the keywords of `torii_backend.GuardOptions`. Those you leave out come from the
            application's settings, except `required` and `exempt`.

    Returns:
        The guarded view with its signature kept, or a decorator that makes it.

    Raises:
        ConfigurationError: a setting is missing or wrong, or the view is a class.
        TypeError: a keyword is unknown, or an option is not passed by name.
    """
    require_view(view)
    guard = ViewGuard(_options_of, **options) if options else _BARE

    def decorate(view: View) -> View:
        if isinstance(view, type):
            raise ConfigurationError(
                "require_auth must guard a function, not a class. Write it on the methods of a view "
                "class, or in the class: decorators = [require_auth]."
            )

        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            guard()
            return current_app.ensure_sync(view)(*args, **kwargs)

        note_guarded(guarded, guard)
        return cast("View", guarded)

    mark_guard(decorate, guard)
    return decorate if view is None else decorate(view)


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
    """Make sign-in optional for a view. Without a token, `g.auth` is None.

    Invalid tokens are still rejected, and so are users who fail the policy. If `Torii(app)` requires
    sign-in for the whole application, it rejects requests without a token before this is asked.

    Args:
        view: as for `require_auth`.
        issuer: as for `require_auth`.
        options: the keywords of `require_auth`, except `required`.

    Returns:
        The guarded view with its signature kept, or a decorator that makes it.

    Raises:
        ConfigurationError: a setting is missing or wrong.
        TypeError: a keyword is unknown, or an option is not passed by name.
    """
    require_view(view)
    decorate = require_auth(issuer=issuer, required=False, **options)
    return decorate if view is None else decorate(view)


def _options_of(app: Flask) -> GuardOptions:
    options: Optional[GuardOptions] = app.extensions.get("torii")
    return configured_options(app) if options is None else options


# One for all views: Flask-RESTX applies the decorators of a class anew to each request.
_BARE = ViewGuard(_options_of)
mark_guard(require_auth, _BARE)
