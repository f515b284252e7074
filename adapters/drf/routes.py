"""What a view of REST framework demands of a request; for `routes` of Django."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Optional

from torii_backend._guard.audit import Verdict
from torii_backend._guard.view_code import closure_of
from torii_backend.django.class_views import (
    ANY_METHOD,
    Handler,
    dispatch_of,
    handler_of,
    is_own,
    methods_of,
)
from torii_backend.django.layers import Judge, Trail, module_of, place_of
from torii_backend.drf.demands import is_ours, signed_in_by, verdict_of_permission

# Methods of a view that decide whether a request passes, or could replace those who decide.
_DECIDING = (
    "__init__",
    "setup",
    "initialize_request",
    "initial",
    "perform_authentication",
    "get_authenticators",
    "check_permissions",
    "get_permissions",
    "permission_denied",
)


def inspect_view(view: Any, trail: Trail, judge: Judge) -> Optional[list[Handler]]:
    """Return the methods of a view, each with its verdict."""
    # If the settings name our authentication class, importing this imports our package again.
    from rest_framework.views import APIView

    cls = getattr(view, "cls", None)
    is_made = module_of(view) in ("django.views.generic.base", "rest_framework.viewsets")
    if not is_made or not isinstance(cls, type) or not issubclass(cls, APIView):
        return None
    given: Mapping[str, Any] = getattr(view, "initkwargs", {})
    dispatch = dispatch_of(cls, given, trail, judge)
    if dispatch.own is not None:
        return [Handler(ANY_METHOD, dispatch.trail.verdict(), place_of(dispatch.own))]
    return [
        handler_of(
            cls,
            method,
            _function_of(handler),
            _past(dispatch.trail, _demands(cls, given, method, judge)),
            judge,
        )
        for method, handler in _methods_of(cls, given, getattr(view, "actions", None) or {})
    ]


def _methods_of(
    cls: Any, given: Mapping[str, Any], actions: Mapping[str, str]
) -> Iterator[tuple[str, Any]]:
    """Give the methods of a view: those that a router binds to actions, and those of the class itself."""
    names = given.get("http_method_names", cls.http_method_names)
    for method, action in actions.items():
        if method in names and not (method == "head" and action == actions.get("get")):
            yield method.upper(), given.get(action, getattr(cls, action))
    # REST framework binds HEAD to the action of GET.
    bound = {*actions, "head"} if "get" in actions else actions
    for method, handler in methods_of(cls, given):
        if method.lower() not in bound:
            yield method, handler


def _function_of(handler: Any) -> Any:
    """Return the function that `@api_view` was written on."""
    if module_of(handler) == "rest_framework.decorators":
        return closure_of(handler).get("func", handler)
    return handler


def _past(trail: Trail, demands: Iterable[Verdict]) -> Trail:
    for each in demands:
        trail = trail.beside(each.detail) if each.state == "unknown" else trail.add(each)
    return trail


def _demands(cls: Any, given: Mapping[str, Any], method: str, judge: Judge) -> Iterator[Verdict]:
    """Give what REST framework demands before it calls the handler of a method."""
    changed = [name for name in _DECIDING if name in given or is_own(cls, name)]
    asked = [
        given.get(name, getattr(cls, name))
        for name in ("authentication_classes", "permission_classes")
    ]
    if not all(isinstance(classes, (list, tuple)) for classes in asked):
        changed.append("permission_classes")
    if changed:
        yield Verdict("unknown", f"{changed[0]} of {cls.__name__}")
        return
    authentication_classes, permission_classes = asked
    yield from _demanded_by_authentication(authentication_classes, judge)
    by = signed_in_by(authentication_classes)
    for permission in permission_classes:
        yield verdict_of_permission(permission, method, by)


def _demanded_by_authentication(classes: Sequence[Any], judge: Judge) -> Iterator[Verdict]:
    """Give the verdict of the first class that refuses a request without a token, if there is one."""
    for index, each in enumerate(classes):
        options = each._lazy_guard.options() if is_ours(each) else None
        if options is not None and options.get("required", True):
            # Those before it may find a user, and then it isn't asked.
            others = signed_in_by(classes[:index]).others
            yield (
                Verdict("unknown", f"{', '.join(others)} is asked first")
                if others
                else judge(options)
            )
            return
