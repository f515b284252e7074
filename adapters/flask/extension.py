"""The extension: guards whole applications, and blueprints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional

from flask import Flask

from torii_backend._guard.authenticator import Authenticator
from torii_backend._guard.options import (
    GuardOptions,
    checked_options,
    merged_options,
    shows_options,
)
from torii_backend.flask.guard import ViewGuard, configured_options, let_in_all
from torii_backend.flask.order import check_order

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Torii:
    """The Flask extension: guards every request of an application.

    Args:
        app: the application; left out, call `init_app` later.
        options: the keywords of `torii_backend._guard.options.GuardOptions`; each may stand in
            `app.config` as well, as `TORII_ISSUER`, `TORII_ROLE` and so on.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """

    @shows_options(GuardOptions)
    def __init__(self, app: Optional[Flask] = None, **options: Unpack[GuardOptions]) -> None:
        checked_options(**options)
        self._options = options
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Guard an application.

        The first request fails where a view lost its guard: `@require_auth` above `@app.route`.

        Raises:
            ConfigurationError: a setting is missing or wrong.
        """
        options = self._options_for(app)
        authenticator = Authenticator(**options)
        app.extensions["torii"] = options
        unchecked = True

        @app.before_request
        def guard() -> None:
            nonlocal unchecked
            if unchecked:
                check_order(app.view_functions)
                unchecked = False
            let_in_all(authenticator, options)

    @shows_options(GuardOptions)
    def guard(self, **options: Unpack[GuardOptions]) -> Callable[[], None]:
        """Make a guard for some of the views, such as `blueprint.before_request(torii.guard())`.

        It works in applications that this extension does not guard as a whole, too.

        Args:
            options: the keywords of `torii_backend._guard.options.GuardOptions`; for those not given the
                extension's count, except `required` and `exempt`.

        Returns:
            A function for `before_request`, of a blueprint or an application.

        Raises:
            ConfigurationError: a setting is wrong.
        """
        return ViewGuard(self._options_for, **options)

    def _options_for(self, app: Flask) -> GuardOptions:
        return merged_options(configured_options(app), self._options)
