"""What a view of REST framework demands of a request; for `unguarded_routes` of Django."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from rest_framework.permissions import AND, OR, IsAdminUser, IsAuthenticated, OperandHolder

from torii_backend.django.routes import Opens, methods_of, passes_guard
from torii_backend.drf.authentication import ToriiAuthentication
from torii_backend.drf.permissions import RequirePolicy

_DECIDING = ("initial", "perform_authentication", "check_permissions", "get_permissions")
_DEMAND_A_USER = (IsAuthenticated.has_permission, IsAdminUser.has_permission)


def inspect_view(view: Any, opens: Opens) -> Optional[Mapping[str, bool]]:
    """Return the methods of a view, each with whether a request without sign-in may pass."""
    # If the settings name our authentication class, importing this imports our package again.
    from rest_framework.views import APIView

    cls = getattr(view, "cls", None)
    if not isinstance(cls, type) or not issubclass(cls, APIView):
        return None
    actions = getattr(view, "actions", None) or {name: name for name in methods_of(cls)}
    demands = _demands_sign_in(cls, getattr(view, "initkwargs", {}), opens)
    return {
        method.upper(): not demands and passes_guard(getattr(cls, action, None), opens)
        for method, action in actions.items()
        if method not in {"head", "options"} or "get" not in actions
    }


def _demands_sign_in(cls: Any, given: Mapping[str, Any], opens: Opens) -> bool:
    from rest_framework.views import APIView

    # What a method of the view decides can't be known.
    if any(getattr(cls, name) is not getattr(APIView, name) for name in _DECIDING):
        return False
    if any(map(_demands_user, given.get("permission_classes", cls.permission_classes))):
        return True
    if cls.get_authenticators is not APIView.get_authenticators:
        return False
    # Only the first one is asked for sure.
    for each in [*given.get("authentication_classes", cls.authentication_classes)][:1]:
        if isinstance(each, type) and issubclass(each, ToriiAuthentication):
            if each.authenticate is not ToriiAuthentication.authenticate:
                return False
            return not opens(each._lazy_guard.options())
    return False


def _demands_user(permission: Any) -> bool:
    if isinstance(permission, RequirePolicy):
        return type(permission).__call__ is RequirePolicy.__call__
    if isinstance(permission, OperandHolder):
        operator: Any = permission.operator_class
        both = [_demands_user(permission.op1_class), _demands_user(permission.op2_class)]
        return (operator is AND and any(both)) or (operator is OR and all(both))
    return getattr(permission, "has_permission", None) in _DEMAND_A_USER
