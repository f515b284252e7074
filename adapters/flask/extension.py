"""The extension: guards whole applications, and blueprints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional

from flask import Flask

from torii_backend._guard.options import (
    GuardOptions,
    checked_options,
    merged_options,
    shows_options,
)
from torii_backend.flask.guard import (
    AppGuard,
    ViewGuard,
    configured_options,
    respond_to_refusals_of_views,
)
from torii_backend.flask.resource import serve_metadata
from torii_backend.flask.vary import add_vary_last

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Torii:
    """The Flask extension: requires sign-in for every request of an application.

    Args:
        app: the application. Leave it out to call `init_app` later, or to guard blueprints only.
        options: the keywords of `torii_backend.GuardOptions`. You can set each in `app.config` as
            well, as `TORII_ISSUER`, `TORII_ROLE` and so on.

    Raises:
        ConfigurationError: a setting is missing or wrong.
        TypeError: a keyword is unknown.
    """

    @shows_options(GuardOptions)
    def __init__(self, app: Optional[Flask] = None, **options: Unpack[GuardOptions]) -> None:
        checked_options(**options)
        self._options = options
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Require sign-in for every request of an application.

        Args:
            app: the application.

        Raises:
            ConfigurationError: a setting is missing or wrong.
        """
        options = self._options_for(app)
        guard = AppGuard(**options)
        app.extensions["torii"] = options
        respond_to_refusals_of_views(app)
        add_vary_last(app)
        app.before_request(_as_function(guard))
        if guard.resource is not None:
            serve_metadata(app, guard.resource)

    @shows_options(GuardOptions)
    def guard(self, **options: Unpack[GuardOptions]) -> Callable[[], None]:
        """Make a guard for some of the views, such as `blueprint.before_request(torii.guard())`.

        It also works in applications that this extension doesn't guard as a whole.

        Args:
            options: the keywords of `torii_backend.GuardOptions`. Those you leave out come from the
                extension, except `required` and `exempt`.

        Returns:
            A function for `before_request` of a blueprint or an application.

        Raises:
            ConfigurationError: a setting is wrong.
            TypeError: a keyword is unknown.
        """
        return ViewGuard(self._options_for, **options)

    def _options_for(self, app: Flask) -> GuardOptions:
        return merged_options(configured_options(app), self._options)


def _as_function(guard: AppGuard) -> Callable[[], None]:
    """Return a guard as a function. Flask asks each time whether it is async: an object takes longer."""

    def before_request() -> None:
        guard()

    return before_request
