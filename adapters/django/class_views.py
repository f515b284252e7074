"""The methods of a class-based view, and what a request meets before each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from torii_backend._guard.audit import Verdict
from torii_backend._guard.view_code import changes_itself, closure_of
from torii_backend.django.layers import Judge, Trail, is_known, module_of, peeled, place_of

ANY_METHOD = "*"
_CALLS_HANDLERS = ("django.views.generic.base", "rest_framework.views")
_LIBRARIES = ("django", "rest_framework", "torii_backend")
_USER_TESTS = "django.contrib.auth.mixins"


class Handler(NamedTuple):
    """What serves one method of a route."""

    method: str
    verdict: Verdict
    where: str


class Dispatch(NamedTuple):
    """The way to the handlers of a class; if the class has a dispatch of its own, that is all we know."""

    trail: Trail
    own: Any = None


def handlers_of(view: Any, trail: Trail, judge: Judge) -> list[Handler]:
    """List the methods of what `as_view()` returned, each with its verdict."""
    # Not by the attributes of the view, which others may set.
    known = closure_of(view)
    cls, given = known["cls"], known["initkwargs"]
    dispatch = dispatch_of(cls, given, trail, judge)
    if dispatch.own is not None:
        return [Handler(ANY_METHOD, dispatch.trail.verdict(), place_of(dispatch.own))]
    return [
        handler_of(cls, method, handler, dispatch.trail, judge)
        for method, handler in methods_of(cls, given)
    ]


def dispatch_of(cls: Any, given: Mapping[str, Any], trail: Trail, judge: Judge) -> Dispatch:
    """Go through each `dispatch` of a class and its bases, up to the one that calls the handler.

    Args:
        cls: the class.
        given: what `as_view()` got, which hides the attributes of the class.
        trail: what a request has met before.
        judge: judges guards.
    """
    if "dispatch" in given:
        return Dispatch(trail.behind(f"dispatch of {cls.__name__}"), given["dispatch"])
    answering = {*cls.http_method_names, "dispatch", "http_method_not_allowed"}
    changed = [name for name in ("setup", "http_method_not_allowed") if name in given]
    own = changes_itself(cls, answering, ("setup",), _LIBRARIES)
    if changed or own:
        trail = trail.behind(own or f"{changed[0]} of {cls.__name__}")
    for base in cls.__mro__:
        if "dispatch" not in vars(base):
            continue
        function, trail = peeled(vars(base)["dispatch"], trail, judge)
        if module_of(function) in _CALLS_HANDLERS:
            break
        if module_of(function) == _USER_TESTS:
            trail = trail.beside(base.__name__)
        elif not is_known(function):
            return Dispatch(trail.behind(f"dispatch of {base.__name__}"), function)
    return Dispatch(trail)


def methods_of(cls: Any, given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give the methods that a class handles by code of the project, or of the classes that it uses.

    The HEAD and the OPTIONS that frameworks add themselves are left out.
    """
    names = given.get("http_method_names", cls.http_method_names)
    for name in names:
        handler = getattr(cls, name, None)
        if name == "head" and handler is None and "get" not in names:
            handler = getattr(cls, "get", None)
        if callable(handler) and (name not in ("head", "options") or is_own(cls, name)):
            yield name.upper(), handler
    if is_own(cls, "http_method_not_allowed"):
        yield ANY_METHOD, cls.http_method_not_allowed


def is_own(cls: Any, name: str) -> bool:
    """Return whether an attribute of a class is the project's, and not a framework's."""
    owner = next((base for base in cls.__mro__ if name in vars(base)), None)
    return owner is not None and not is_known(owner)


def handler_of(cls: Any, method: str, handler: Any, trail: Trail, judge: Judge) -> Handler:
    """Judge one method of a class."""
    function, trail = peeled(handler, trail, judge)
    where = place_of(cls if is_known(function) else function)
    return Handler(method, trail.verdict(), where)
