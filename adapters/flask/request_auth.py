"""The Auth of a Flask request, kept with the request, so that it ends with it."""

from __future__ import annotations

from contextvars import Token
from typing import TYPE_CHECKING, Any, Optional

from flask import g, has_request_context
from flask.globals import request_ctx

from torii_backend._guard.context import RequestAuth, current_binding, register_source
from torii_backend.auth import Auth

if TYPE_CHECKING:
    from flask.ctx import RequestContext

_KEY = "torii_backend.flask.auth"


def current_context() -> RequestContext:
    """Return the context of the current request. Copies of it share the request."""
    context: RequestContext = request_ctx._get_current_object()  # type: ignore[attr-defined]
    return context


def keep_auth(auth: Optional[Auth], context: RequestContext) -> None:
    """Set `g.auth`, `current_auth()` and `environ["torii.auth"]` of the current request."""
    # Not in variables: error trackers would read the headers out of both dicts.
    current = context.request
    if _KEY not in vars(current):
        _return_g_afterwards(context)
    # In the environ for a request that a view makes of it; that may set another one there.
    vars(current)[_KEY] = current.environ[_KEY] = RequestAuth(auth, current_binding())
    g.auth = current.environ["torii.auth"] = auth


def _return_g_afterwards(context: Any) -> None:
    """Give `g.auth` back to an outer request: before Flask 3.2, nested requests of an app share `g`."""
    pushed = getattr(context, "_cv_tokens", None)
    # Beside each token is the app context that was pushed with it, unless there was one already.
    if not pushed or pushed[0][1] is not None or pushed[0][0].old_value is Token.MISSING:
        return
    shared = g._get_current_object()
    had_one, outer, pop = "auth" in shared, shared.get("auth"), context.pop

    def pop_and_return(*error: Any) -> None:
        # What closes the request is not called if a teardown function raises. A copy of the context,
        # which may end in another thread, pops by itself.
        try:
            pop(*error)
        finally:
            if not pushed:
                del context.pop
                shared.auth = outer
                if not had_one:
                    del shared.auth

    context.pop = pop_and_return


def _auth_of_current_request() -> Optional[RequestAuth]:
    if not has_request_context():
        return None
    current = current_context().request
    kept: Optional[RequestAuth] = vars(current).get(_KEY)
    environ = current.environ
    if kept is None and "torii.auth" in environ:
        kept = environ.get(_KEY)
        if kept is None or kept.auth is not environ["torii.auth"]:
            # From the WSGI middleware, which has bound it as well.
            return RequestAuth(environ["torii.auth"], None)
    return kept


register_source(_auth_of_current_request)
