"""`current_auth()` in tools: the Auth of the message that is being handled.

Version 2 of mcp runs a tool in the context of the request that brought its message, so what the verifier
binds there is what the tool finds. Version 1 runs it in the context of the request that opened the session,
perhaps hours ago. There the binding has the user's first token, and the source that is registered below
returns the Auth of the message instead. Bindings are compared by identity, see `_guard/context.py`: a guard
that the tool itself calls has bound another one, and counts. `_bound` is the verifier's own binding in each
context, so the source knows one of its own by it.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Optional

from mcp.server.lowlevel import server

from torii_backend._guard.context import (
    Binding,
    RequestAuth,
    bind_auth,
    current_binding,
    register_source,
)
from torii_backend.auth import Auth

_bound: ContextVar[Optional[Binding]] = ContextVar("torii_backend.mcp.bound", default=None)
# Of version 1 only.
_request_context: Any = getattr(server, "request_ctx", None)


def bind_to_message(auth: Optional[Auth]) -> None:
    """Make an Auth the value of `current_auth()` until the context of the request ends."""
    bind_auth(auth)
    _bound.set(current_binding())


def _of_message() -> Optional[RequestAuth]:
    """Return the Auth that our verifier has put into the request of the message, if any."""
    context = _request_context.get(None)
    scope = getattr(getattr(context, "request", None), "scope", None) or {}
    auth = getattr(getattr(scope.get("user"), "access_token", None), "torii_auth", None)
    return RequestAuth(auth, _bound.get()) if isinstance(auth, Auth) else None


if _request_context is not None:
    register_source(_of_message)
