"""What the extension and the decorators share: authenticate the current request, or abort it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, cast
from weakref import WeakKeyDictionary

from flask import Flask, Response, abort, current_app
from werkzeug.exceptions import default_exceptions

from torii_backend._guard.authenticator import Authenticator
from torii_backend._guard.options import GuardOptions, checked_options, view_options
from torii_backend._guard.request import WSGIRequest
from torii_backend._guard.upload import drop_body
from torii_backend.errors import ToriiAuthError
from torii_backend.flask.request_auth import current_request, keep_auth
from torii_backend.flask.vary import add_vary_last, note_vary

if TYPE_CHECKING:
    from typing_extensions import Unpack


class ViewGuard:
    """Guards some of the views of any application; `configured` reads that application's options."""

    def __init__(
        self, configured: Callable[[Flask], GuardOptions], **options: Unpack[GuardOptions]
    ) -> None:
        checked_options(**options)
        self._options = options
        self._configured = configured
        self._authenticators: WeakKeyDictionary[Flask, Authenticator] = WeakKeyDictionary()

    def __call__(self) -> None:
        """Authenticate the current request, or abort it."""
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        authenticator = self._authenticators.get(app)
        if authenticator is None:
            add_vary_last(app)
            options = self.options_for(app)
            authenticator = self._authenticators[app] = Authenticator(**options)
        authenticate_request(authenticator)

    def options_for(self, app: Flask) -> GuardOptions:
        """Return the options with which it guards views of an application."""
        return view_options(self._configured(app), self._options)


class AppGuard:
    """Guards an application as a whole."""

    def __init__(self, **options: Unpack[GuardOptions]) -> None:
        self._options = options
        self._authenticator = Authenticator(**options)

    def __call__(self) -> None:
        """Authenticate the current request, or abort it."""
        authenticate_request(self._authenticator)

    def options_for(self, _: Flask) -> GuardOptions:
        """Return the options with which it guards the application."""
        return self._options


def configured_options(app: Flask) -> GuardOptions:
    """Read the options in `app.config`."""
    names = {name: f"TORII_{name.upper()}" for name in GuardOptions.__annotations__}
    found = {name: app.config[key] for name, key in names.items() if key in app.config}
    mount = app.config.get("APPLICATION_ROOT")
    if isinstance(mount, str) and mount.startswith("/"):
        found.setdefault("root_path", mount)
    return cast("GuardOptions", found)


def authenticate_request(authenticator: Authenticator) -> None:
    """Authenticate the current request and keep its Auth, or abort."""
    current = current_request()
    incoming = WSGIRequest(current.environ)
    try:
        auth = authenticator.authenticate(incoming)
    except ToriiAuthError as refusal:
        # An error handler of the application may drop the headers of our response.
        note_vary(authenticator.vary, current)
        standard = authenticator.response_to(refusal, incoming)
        drop_body(current.environ)
        response = Response(standard.body, standard.status, list(standard.headers))
        if standard.status in default_exceptions:
            abort(standard.status, description=str(refusal), response=response)
        abort(response)
    if authenticator.varies(auth, incoming):
        note_vary(authenticator.vary, current)
    keep_auth(auth, current)
