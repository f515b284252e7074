"""What an operation of django-ninja demands of a request; for `unguarded_routes` of Django."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from ninja.operation import PathView
from ninja.security.session import SessionAuth, SessionAuthIsStaff, SessionAuthSuperUser

from torii_backend.django.routes import Opens, passes_guard
from torii_backend.ninja.bearer import ToriiBearer

_SESSIONS = (SessionAuth, SessionAuthIsStaff, SessionAuthSuperUser)


def inspect_view(view: Any, opens: Opens) -> Optional[Mapping[str, bool]]:
    """Return the methods of a view, each with whether a request without sign-in may pass."""
    # The view is a function inside a method of this object.
    cells = [cell.cell_contents for cell in getattr(view, "__closure__", None) or ()]
    found = [each for each in cells if isinstance(each, PathView)]
    if not found:
        return None
    return {
        method: passes_guard(operation.view_func, opens)
        and (
            not operation.auth_callbacks
            or any(_admits(each, opens) for each in operation.auth_callbacks)
        )
        for operation in found[0].operations
        for method in operation.methods
    }


def _admits(callback: Any, opens: Opens) -> bool:
    """Return whether it may admit a request without sign-in, as one that is not known may."""
    if isinstance(callback, ToriiBearer) and type(callback).__call__ is ToriiBearer.__call__:
        return opens(callback.options())
    return type(callback) not in _SESSIONS
