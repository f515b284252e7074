"""Guard a Flask application, as a whole or view by view.

    Torii(app)              # every request needs sign-in, but for exempt paths

    @app.get("/me")
    @require_auth           # or: this view needs it
    def me():
        return {"user_id": g.auth.user_id}

Settings come from keywords, then `app.config["TORII_ISSUER"]` and the like, then TORII_ISSUER.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar, cast, overload
from weakref import WeakKeyDictionary

from flask import (
    Flask,
    Response,
    abort,
    after_this_request,
    current_app,
    g,
    request,
    request_tearing_down,
)
from werkzeug.exceptions import default_exceptions

from torii_backend.auth import BoundIterator, bind_auth, current_auth, unbind_auth
from torii_backend.authenticator import Authenticator
from torii_backend.errors import ToriiAuthError
from torii_backend.exempt import environ_paths
from torii_backend.options import AuthOptions, check_options, merged_options, view_options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Unpack

__all__ = ["Torii", "current_auth", "require_auth"]

# Kept with the request: `g` may outlive it, and belongs to other extensions, too.
_LET_IN = "torii_backend.flask.auth"
_BINDING = "torii_backend.flask.binding"

View = TypeVar("View", bound=Callable[..., Any])


class Torii:
    """The Flask extension: guards every request of an application.

    Args:
        app: the application; left out, call `init_app` later.
        options: the keywords of `torii_backend.options.AuthOptions`; each may stand in
            `app.config` as well, as `TORII_ISSUER`, `TORII_AUDIENCE` and so on.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """

    def __init__(self, app: Optional[Flask] = None, **options: Unpack[AuthOptions]) -> None:
        self._options = options
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Guard an application.

        Raises:
            ConfigurationError: a setting is missing or wrong.
        """
        options = merged_options(_configured(app), self._options)
        authenticator = Authenticator(**options)
        app.extensions["torii"] = options
        app.before_request(lambda: _let_in(authenticator))


@overload
def require_auth(view: View) -> View: ...


@overload
def require_auth(**options: Unpack[AuthOptions]) -> Callable[[View], View]: ...


def require_auth(view: Optional[View] = None, **options: Unpack[AuthOptions]) -> Any:
    """Let only authenticated requests through to a view; write it below `@app.route`.

    Args:
        view: the view function, plain or async, where the decorator is used bare.
        options: the keywords of `torii_backend.options.AuthOptions`; for those not given the
            application's own settings count, except `required` and `exempt`.

    Returns:
        The view, or a decorator for it, with its signature kept.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """
    check_options(options)
    authenticators: WeakKeyDictionary[Flask, Authenticator] = WeakKeyDictionary()

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            app = current_app._get_current_object()  # type: ignore[attr-defined]
            # A bare decorator asks for no more than the guard of the application has checked.
            if options or request.environ.get(_LET_IN) is None:
                if app not in authenticators:
                    authenticators[app] = _view_authenticator(app, options)
                _let_in(authenticators[app])
            return app.ensure_sync(view)(*args, **kwargs)

        return cast("View", guarded)

    return decorate if view is None else decorate(view)


def _configured(app: Flask) -> AuthOptions:
    """Read the options in `app.config`."""
    names = {name: f"TORII_{name.upper()}" for name in AuthOptions.__annotations__}
    found = {name: app.config[key] for name, key in names.items() if key in app.config}
    return cast("AuthOptions", found)


def _view_authenticator(app: Flask, options: AuthOptions) -> Authenticator:
    """Make the guard of one view: its own options over those of the application."""
    return Authenticator(**view_options(app.extensions.get("torii", _configured(app)), options))


def _let_in(authenticator: Authenticator) -> None:
    """Authenticate the current request and inject its Auth, or abort."""
    environ = request.environ
    try:
        auth = authenticator.authenticate(environ, paths=environ_paths(environ))
    except ToriiAuthError as refusal:
        answer = authenticator.challenge(refusal)
        response = Response(answer.body, answer.status, list(answer.headers))
        if answer.status in default_exceptions:
            abort(answer.status, description=str(refusal), response=response)
        abort(response)
    g.auth = environ[_LET_IN] = auth
    # Only the first binding of a request is undone: it leads back to before the request.
    environ.setdefault(_BINDING, bind_auth(auth))
    after_this_request(_bind_stream)


def _bind_stream(response: Response) -> Response:
    """Bind the steps of a body that is read after the request is over."""
    if response.is_streamed and not response.direct_passthrough:
        body = cast("Iterable[bytes]", response.response)
        response.response = BoundIterator(request.environ[_LET_IN], body)
    return response


def _forget(sender: Flask, **_: Any) -> None:
    token = request.environ.pop(_BINDING, None)
    if token is not None:
        unbind_auth(token)


request_tearing_down.connect(_forget)
