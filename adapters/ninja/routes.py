"""What an operation of django-ninja demands of a request; for `routes` of Django."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Optional

from ninja.openapi.views import default_home
from ninja.operation import PathView

from torii_backend._guard.audit import Verdict, name_of
from torii_backend._guard.audit_place import acts_as_ours
from torii_backend._guard.view_code import closure_of
from torii_backend.django.class_views import ANY_METHOD, Handler
from torii_backend.django.layers import (
    Judge,
    Trail,
    module_of,
    peeled,
    place_of,
    weakest,
)
from torii_backend.ninja.bearer import ToriiBearer

_OPERATION = "ninja.operation"


def inspect_view(view: Any, trail: Trail, judge: Judge) -> Optional[list[Handler]]:
    """Return the methods of a view, each with its verdict."""
    if view is default_home:
        # The root of an API is for `reverse()`: everyone gets a 404.
        return []
    if module_of(view) == "ninja.openapi.views":
        return [Handler(ANY_METHOD, trail.verdict(), place_of(view))]
    # The view is a function inside a method of this object.
    found = [each for each in closure_of(view).values() if isinstance(each, PathView)]
    if module_of(view) != _OPERATION or not found:
        return None
    return list(_handlers(found[0], trail, judge))


def _handlers(path_view: PathView, trail: Trail, judge: Judge) -> Iterator[Handler]:
    seen: set[str] = set()
    for operation in path_view.operations:
        function, inner = _handled(operation, trail, judge)
        for method in operation.methods:
            # The first operation of a method is the one that runs.
            if method not in seen:
                seen.add(method)
                yield Handler(method, inner.verdict(), place_of(function))


def _handled(operation: Any, trail: Trail, judge: Judge) -> tuple[Any, Trail]:
    """Go through `decorate_view`, the `auth=` and the decorators of an operation."""
    run, trail = peeled(operation.run, trail, judge)
    if module_of(run) != _OPERATION or type(operation).__module__ != _OPERATION:
        trail = trail.behind(f"run of {type(operation).__name__}")
    if operation.auth_callbacks:
        trail = trail.add(weakest([_verdict_of(each, judge) for each in operation.auth_callbacks]))
    return peeled(operation.view_func, trail, judge)


def _verdict_of(callback: Any, judge: Judge) -> Verdict:
    if isinstance(callback, ToriiBearer) and acts_as_ours(type(callback)):
        return judge(callback.options())
    return Verdict("unknown", name_of(callback))
