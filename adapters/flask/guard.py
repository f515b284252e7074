"""What extension and decorator share: the current request goes on with its Auth, or is aborted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional, cast
from weakref import WeakKeyDictionary

from flask import (
    Flask,
    Request,
    Response,
    abort,
    after_this_request,
    current_app,
    g,
    request,
)
from werkzeug.exceptions import default_exceptions

from torii_backend._guard.authenticator import Authenticator
from torii_backend._guard.context import BoundIterator
from torii_backend._guard.options import GuardOptions, checked_options, view_options
from torii_backend._guard.request import WSGIRequest
from torii_backend.auth import Auth
from torii_backend.errors import ToriiAuthError
from torii_backend.flask.binding import bind_until_torn_down, current_request

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Unpack

_AUTH = "torii_backend.flask.auth"
_LET_IN = "torii_backend.flask.let_in"


class ViewGuard:
    """Guards some of the views of whichever application serves them.

    Args:
        options: the keywords of `torii_backend._guard.options.GuardOptions`.
        configured: reads the options of an application, on top of which these count.

    Raises:
        ConfigurationError: a setting is wrong.
    """

    def __init__(
        self, configured: Callable[[Flask], GuardOptions], **options: Unpack[GuardOptions]
    ) -> None:
        checked_options(**options)
        self._options = options
        self._configured = configured
        self._authenticators: WeakKeyDictionary[Flask, Authenticator] = WeakKeyDictionary()

    def __call__(self) -> None:
        """Let the current request in, or abort it.

        Raises:
            ConfigurationError: a setting of the application is missing or wrong.
        """
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        if self._asks_no_more_of(app):
            return
        if app not in self._authenticators:
            options = view_options(self._configured(app), self._options)
            self._authenticators[app] = Authenticator(**options)
        let_in(self._authenticators[app], current_request())

    def _asks_no_more_of(self, app: Flask) -> bool:
        """Tell whether the application has done the work of a guard without options already.

        Not so where another guard has let the request in since: as somebody else, perhaps.
        """
        asked, auth = request.environ.get(_LET_IN, (None, None))
        alone = auth is not None and g.get("auth") is auth
        return alone and not self._options and bool(asked == self._configured(app))


def configured_options(app: Flask) -> GuardOptions:
    """Read the options in `app.config`."""
    names = {name: f"TORII_{name.upper()}" for name in GuardOptions.__annotations__}
    found = {name: app.config[key] for name, key in names.items() if key in app.config}
    return cast("GuardOptions", found)


def let_in_all(authenticator: Authenticator, options: GuardOptions) -> None:
    """Do as `let_in`, and remember that the application has asked what these options say."""
    current = current_request()
    current.environ[_LET_IN] = options, let_in(authenticator, current)


def let_in(authenticator: Authenticator, current: Request) -> Optional[Auth]:
    """Authenticate the current request and inject its Auth, or abort."""
    incoming = WSGIRequest(current.environ)
    try:
        auth = authenticator.authenticate(incoming)
    except ToriiAuthError as refusal:
        answer = authenticator.response_to(refusal, incoming)
        response = Response(answer.body, answer.status, list(answer.headers))
        if answer.status in default_exceptions:
            abort(answer.status, description=str(refusal), response=response)
        abort(response)
    g.auth = vars(current)[_AUTH] = auth
    bind_until_torn_down(auth, current)
    after_this_request(_bind_stream)
    return auth


def _bind_stream(response: Response) -> Response:
    """Bind the steps of a body that is read after the request is over."""
    if response.is_streamed and not response.direct_passthrough:
        body = cast("Iterable[bytes]", response.response)
        response.response = BoundIterator(vars(current_request())[_AUTH], body)
    return response
