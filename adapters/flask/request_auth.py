"""The Auth of a Flask request, kept with the request, so that it ends with it."""

from __future__ import annotations

from typing import Optional

from flask import Request, g, has_request_context, request

from torii_backend._guard.context import RequestAuth, current_binding, register_source
from torii_backend.auth import Auth

_KEY = "torii_backend.flask.auth"


def current_request() -> Request:
    """Return the current request itself. Copies of its context share it."""
    current: Request = request._get_current_object()  # type: ignore[attr-defined]
    return current


def keep_auth(auth: Optional[Auth], current: Request) -> None:
    """Set `g.auth`, `current_auth()` and `environ["torii.auth"]` of the current request."""
    if _KEY not in vars(current) and "auth" in g:
        _restore_g_at_end_of(current)
    # In the environ for a request that a view makes of it; that may set another one there.
    vars(current)[_KEY] = current.environ[_KEY] = RequestAuth(auth, current_binding())
    g.auth = current.environ["torii.auth"] = auth


def _restore_g_at_end_of(current: Request) -> None:
    """Give `g.auth` back to an outer request: before Flask 3.2, nested requests of an app share `g`."""
    shared, outer, close = g._get_current_object(), g.auth, current.close

    def close_and_restore() -> None:
        # A copy of the request's context may end in another thread, which has its own `g`.
        if g._get_current_object() is shared:
            vars(current).pop("close", None)
            shared.auth = outer
        close()

    current.close = close_and_restore  # type: ignore[method-assign]


def _auth_of_current_request() -> Optional[RequestAuth]:
    if not has_request_context():
        return None
    current = current_request()
    kept: Optional[RequestAuth] = vars(current).get(_KEY)
    environ = current.environ
    if kept is None and "torii.auth" in environ:
        kept = environ.get(_KEY)
        if kept is None or kept.auth is not environ["torii.auth"]:
            # From the WSGI middleware, which has bound it as well.
            return RequestAuth(environ["torii.auth"], None)
    return kept


register_source(_auth_of_current_request)
