"""What the extension and the decorators share: authenticate the current request, or abort it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Callable, NoReturn, Optional, cast
from weakref import WeakKeyDictionary

from flask import Flask, Response, abort, current_app
from werkzeug.exceptions import HTTPException, default_exceptions

from torii_backend._guard.authenticator import Authenticator
from torii_backend._guard.options import (
    GuardOptions,
    checked_options,
    masked_options,
    view_options,
)
from torii_backend._guard.refusal import is_refusal_by_view
from torii_backend._guard.request import WSGIRequest
from torii_backend._guard.resource_metadata import ResourceMetadata
from torii_backend._guard.upload import drop_body
from torii_backend.auth import Auth
from torii_backend.errors import (
    ConfigurationError,
    InvalidToken,
    PermissionDenied,
    ToriiAuthError,
    ToriiError,
)
from torii_backend.flask.events import EventView
from torii_backend.flask.request_auth import current_context, keep_auth
from torii_backend.flask.resource import MetadataView
from torii_backend.flask.vary import add_vary_last, note_vary
from torii_backend.settings import meant_by

if TYPE_CHECKING:
    from flask.ctx import RequestContext
    from typing_extensions import Unpack


# The Authenticator that let the request pass.
_GUARD = "torii_backend.flask.guard"


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
            respond_to_refusals_of_views(app)
        authenticate_request(authenticator)

    def options_for(self, app: Flask) -> GuardOptions:
        """Return the options with which it guards views of an application."""
        return view_options(self._configured(app), self._options)


class AppGuard:
    """Guards an application as a whole."""

    def __init__(self, **options: Unpack[GuardOptions]) -> None:
        self._options = options
        self._authenticator = Authenticator(**options)
        self.resource: Optional[ResourceMetadata] = self._authenticator.resource

    def __call__(self) -> None:
        """Authenticate the current request, or abort it."""
        authenticate_request(self._authenticator)

    def options_for(self, _: Flask) -> GuardOptions:
        """Return the options with which it guards the application."""
        return self._options


def configured_options(app: Flask) -> GuardOptions:
    """Read the options in `app.config`."""
    names = {name: f"TORII_{name.upper()}" for name in GuardOptions.__annotations__}
    _refuse_misspelt(app, names.values())
    found = {name: app.config[key] for name, key in names.items() if key in app.config}
    mount = app.config.get("APPLICATION_ROOT")
    if isinstance(mount, str) and mount.startswith("/"):
        found.setdefault("root_path", mount)
    return masked_options(cast("GuardOptions", found))


def _refuse_misspelt(app: Flask, names: Collection[str]) -> None:
    """Refuse a key that is almost one of ours: what it was to demand, nobody would demand.

    Others that begin with TORII_ are the application's.
    """
    for key in app.config:
        meant = meant_by(key, names) if key.startswith("TORII_") else None
        if meant is not None:
            raise ConfigurationError(
                f'Nothing reads app.config["{key}"]. Rename it to {meant}, if you meant that.'
            )


def authenticate_request(authenticator: Authenticator) -> None:
    """Authenticate the current request and keep its Auth, or abort."""
    context = current_context()
    current = context.request
    if _needs_no_guard(context):
        keep_auth(None, context)
        return
    incoming = WSGIRequest(current.environ)
    try:
        auth = authenticator.authenticate(incoming)
    except ToriiAuthError as refusal:
        # An error handler of the application may drop the headers of our response.
        note_vary(authenticator.vary, current)
        drop_body(current.environ)
        _abort(authenticator, refusal, incoming, None)
    vars(current)[_GUARD] = authenticator
    if authenticator.varies(auth, incoming):
        note_vary(authenticator.vary, current)
    keep_auth(auth, context)


def _needs_no_guard(context: RequestContext) -> bool:
    """Return whether the view that Flask calls is one of ours for anybody, with nothing around it."""
    # The type itself: a decorator has the attributes of what it wraps.
    rule = context.request.url_rule
    view = None if rule is None else context.app.view_functions.get(rule.endpoint)
    return type(view) in (EventView, MetadataView)


def respond_to_refusals_of_views(app: Flask) -> None:
    """Respond to refusals that a guarded view raises, unless the application has its own handler.

    Not by `register_error_handler`, which Flask forbids once it has served a request: a decorator meets
    its application at the first one.
    """
    for error in (PermissionDenied, InvalidToken):
        app.error_handler_spec[None][None].setdefault(error, _respond_to_refusal)


def _respond_to_refusal(error: ToriiAuthError) -> Any:
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    current = current_context().request
    authenticator: Optional[Authenticator] = vars(current).get(_GUARD)
    is_refusal = authenticator is not None and is_refusal_by_view(error)
    handlers = app.error_handler_spec[None][None]
    for each in type(error).__mro__:
        if is_refusal and not issubclass(each, ToriiError):
            break
        handler = handlers.get(each, _respond_to_refusal)
        if handler is not _respond_to_refusal:
            return app.ensure_sync(handler)(error)
    if authenticator is None or not is_refusal:
        raise error
    try:
        auth = current.environ.get("torii.auth")
        _abort(authenticator, error, WSGIRequest(current.environ), auth)
    except HTTPException as aborted:
        aborted.__cause__ = error
        return app.handle_user_exception(aborted)


def _abort(
    authenticator: Authenticator,
    refusal: ToriiAuthError,
    request: WSGIRequest,
    auth: Optional[Auth],
) -> NoReturn:
    standard = authenticator.response_to(refusal, request, adapter="flask", auth=auth)
    response = Response(standard.body, standard.status, list(standard.headers))
    if standard.status in default_exceptions:
        abort(standard.status, description=str(refusal), response=response)
    abort(response)
