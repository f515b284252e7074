"""The decorator that guards one view."""

from __future__ import annotations

import typing
from functools import wraps
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar, cast

from flask import Flask, current_app

from torii_backend._guard.options import GuardOptions, shows_options
from torii_backend.flask.guard import ViewGuard, configured_options
from torii_backend.flask.order import note_guarded

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
    """Let only authenticated requests through to a view; write it below `@app.route`.

    Args:
        view: the view function, plain or async, where the decorator is used bare; a method of a
            class-based view will do, and the `decorators` of the class.
        options: the keywords of `torii_backend._guard.options.GuardOptions`; for those not given the
            application's own settings count, except `required` and `exempt`.

    Returns:
        The view, or a decorator for it, with its signature kept.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """
    guard = ViewGuard(_options_of, **options)

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            guard()
            return current_app.ensure_sync(view)(*args, **kwargs)

        note_guarded(guarded)
        return cast("View", guarded)

    return decorate if view is None else decorate(view)


def _options_of(app: Flask) -> GuardOptions:
    options: Optional[GuardOptions] = app.extensions.get("torii")
    return configured_options(app) if options is None else options
