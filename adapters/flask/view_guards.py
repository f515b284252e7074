"""Which guards a request to a view passes, and what else may refuse it. For audits; nothing is called.

A view is seen in layers, from the outermost decorator to the function itself. `functools.wraps` copies the
mark of a guard to decorators above it, so what counts is the function that our decorator made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from types import FunctionType
from typing import Any, NamedTuple

from flask.views import MethodView

from torii_backend._guard.audit import GUARD_MARK, name_of
from torii_backend.flask.guard import AppGuard, ViewGuard
from torii_backend.flask.order import Guard, guard_of, layers

_RESTFUL = ("flask_restx", "flask_restful")


class Found(NamedTuple):
    """Our guards, and reasons why a request may be refused besides them."""

    guards: list[Guard]
    others: list[str]


def found_before(functions: Iterable[Any]) -> Found:
    """Sort what Flask calls before a view."""
    found = Found([], [])
    for function in functions:
        outermost = function
        while isinstance(outermost, partial):
            outermost = outermost.func
        guard = _own_guard(outermost)
        if guard is None:
            found.others.append(f"before_request {name_of(function)}")
        else:
            found.guards.append(guard)
    return found


def found_around(view: Any, method: str) -> Found:
    """Look for guards around a view, and around the method of a class-based view."""
    found = _found_in_layers(view)
    view_class = getattr(view, "view_class", None)
    if view_class is None:
        return found
    dispatch = getattr(view_class, "dispatch_request", None)
    _add(found, _found_in_layers(dispatch))
    bases = [base.__module__.partition(".")[0] for base in view_class.__mro__]
    is_restful = not set(_RESTFUL).isdisjoint(bases)
    of_library = str(getattr(dispatch, "__module__", "")).partition(".")[0] in _RESTFUL
    if dispatch is not MethodView.dispatch_request and not of_library:
        # Another dispatch may call anything. That of a plain View is the view itself.
        if issubclass(view_class, MethodView):
            found.others.append("dispatch_request is overridden")
        return found
    _add(found, _found_in_layers(_handler(view_class, method)))
    if not is_restful:
        return found
    # In Flask-RESTful it may be a dict as well.
    decorators = getattr(view_class, "method_decorators", ())
    if isinstance(decorators, Mapping):
        decorators = decorators.get(method.lower(), ())
    for decorator in decorators:
        guard = _own_guard(decorator)
        if guard is None:
            found.others.append(f"decorator {name_of(decorator)}")
        else:
            found.guards.append(guard)
    return found


def handler_of(view: Any, method: str) -> Any:
    """Return the function that a view is, or the method of its class."""
    view_class = getattr(view, "view_class", None)
    if view_class is None:
        return view
    return _handler(view_class, method) or getattr(view_class, "dispatch_request", view)


def _handler(view_class: Any, method: str) -> Any:
    handler = getattr(view_class, method.lower(), None)
    if handler is None and method == "HEAD":
        handler = getattr(view_class, "get", None)
    return handler


def _found_in_layers(view: Any) -> Found:
    found = Found([], [])
    every = list(layers(view))
    for index, layer in enumerate(every):
        guard = _own_guard(layer) or _guard_behind_mark(layer)
        if guard is not None:
            inner = {id(each) for each in every[index + 1 :]}
            odd = [each for each in every[:index] if _may_bypass(each, inner)]
            if odd:
                found.others[:] = [f"decorator in {_module(odd[0])} may leave its guard out"]
            else:
                found.guards.append(guard)
        elif isinstance(layer, FunctionType) and index < len(every) - 1:
            found.others.append(f"decorator in {_module(layer)}")
    return found


def _own_guard(function: object) -> Any:
    """Return the guard that a function is, or that our decorator made it for."""
    ours = getattr(function, "__globals__", {}).get("__name__") == "torii_backend.flask.decorator"
    return guard_of(function) if ours or isinstance(function, (ViewGuard, AppGuard)) else None


def _guard_behind_mark(layer: object) -> Any:
    """Return the guard of a function to which the attributes of a guarded view were copied by hand."""
    if GUARD_MARK not in getattr(layer, "__dict__", {}):
        return None
    if getattr(getattr(layer, "__wrapped__", None), GUARD_MARK, None) is not None:
        return None  # found in the next layer
    return next(filter(None, map(_own_guard, _cells(layer))), None)


def _may_bypass(layer: object, inner: set[int]) -> bool:
    """Return whether a decorator above a guard knows what is below it, or doesn't know the guard.

    Flask-Caching above a guard sends a response that it kept without asking the guard.
    """
    if not isinstance(layer, FunctionType):
        return False
    if _module(layer).partition(".")[0] == "flask_caching":
        return True
    cells = {id(each) for each in _cells(layer)}
    wrapped = getattr(layer, "__wrapped__", None)
    if "__wrapped__" in layer.__code__.co_names or not inner.isdisjoint(cells):
        return True
    return wrapped is not None and id(wrapped) not in cells


def _module(function: FunctionType) -> str:
    """Name the module of a decorator. `functools.wraps` hides its name."""
    return str(function.__globals__.get("__name__"))


def _cells(layer: object) -> list[Any]:
    found = []
    for cell in getattr(layer, "__closure__", None) or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:  # it is empty
            continue
    return found


def _add(found: Found, more: Found) -> None:
    found.guards.extend(more.guards)
    found.others.extend(more.others)
