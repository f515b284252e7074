"""Which guards a request to a view passes, and what else may refuse it. For audits; nothing is called.

A view is seen in layers, from the outermost decorator to the function itself. `functools.wraps` copies the
mark of a guard to decorators above it, so what counts is the function that our decorator made, and that no
decorator above may leave it out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, Optional

from flask.views import MethodView

from torii_backend._guard.audit import name_of
from torii_backend._guard.view_code import (
    changes_itself,
    closure_of,
    is_function,
    is_method,
    may_skip,
)
from torii_backend.flask.decorator import require_auth
from torii_backend.flask.guard import AppGuard, ViewGuard
from torii_backend.flask.order import Guard, guard_of

_RESTFUL = ("flask_restx", "flask_restful")
_OWN = ("torii_backend.flask.decorator", "torii_backend.flask.extension")
_LIBRARIES = ("flask", *_RESTFUL)


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
    served = _served_class(view)
    if served is None:
        return found
    view_class, attributes = served
    odd = _first_odd(list(_layers(view)))
    names = {method.lower(), "get" if method == "HEAD" else "", "dispatch_request"}
    changed = ", ".join(names.intersection(attributes))
    changed = changed or changes_itself(view_class, names, (), _LIBRARIES)
    if odd is not None or changed:
        found.others.append(changed or f"{_named(odd)} may leave its class out")
    else:
        _add(found, _found_in_class(view_class, method))
    return found


def _found_in_class(view_class: Any, method: str) -> Found:
    dispatch = getattr(view_class, "dispatch_request", None)
    found = _found_in_layers(dispatch)
    of_library = is_function(dispatch) and _package(dispatch) in _RESTFUL
    if dispatch is not MethodView.dispatch_request and not of_library:
        # Another dispatch may call anything. That of a plain View is the view itself.
        if issubclass(view_class, MethodView):
            found.others.append("dispatch_request is overridden")
        return found
    handler = _found_in_layers(_handler(view_class, method))
    bases = {base.__module__.partition(".")[0] for base in view_class.__mro__}
    if not bases.isdisjoint(_RESTFUL):
        handler = _found_in_method_decorators(view_class, method, handler)
    _add(found, handler)
    return found


def _found_in_method_decorators(view_class: Any, method: str, found: Found) -> Found:
    """Go on with the decorators that Flask-RESTful puts around a method, from the inside out."""
    decorators = getattr(view_class, "method_decorators", ())
    if isinstance(decorators, Mapping):
        decorators = decorators.get(method.lower(), ())
    if not isinstance(decorators, (list, tuple)):
        return Found([], [*found.others, "method_decorators"])
    for decorator in decorators:
        guard = _own_guard(decorator)
        if guard is None:
            # What it makes isn't known before a request, so it may leave out what is inside of it.
            found = Found([], [*found.others, f"decorator {name_of(decorator)}"])
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
    every = list(_layers(view))
    for index, layer in enumerate(every):
        guard = _own_guard(layer)
        if guard is not None:
            odd = _first_odd(every[: index + 1], every)
            if odd is None and isinstance(layer, (ViewGuard, AppGuard)):
                # Such a guard is around nothing: what is outside of it is the view, which may call it.
                odd = next((each for each in every[:index] if not _is_plain(each)), None)
            if odd is None:
                found.guards.append(guard)
            else:
                found.others[:] = [f"{_named(odd)} may leave its guard out"]
        elif not _is_plain(layer) and index < len(every) - 1:
            found.others.append(_named(layer))
    return found


def _layers(view: Any) -> Iterator[Any]:
    """Yield a view and what it wraps, from the outside in."""
    layer: Any = view
    while layer is not None:
        yield layer
        if isinstance(layer, partial):
            layer = layer.func
        elif is_method(layer):
            layer = layer.__func__
        else:
            call = type(layer).__call__
            own = call if is_function(call) and not isinstance(layer, type) else None
            layer = getattr(layer, "__wrapped__", own)


def _first_odd(outer: Sequence[Any], every: Sequence[Any] = ()) -> Any:
    """Return the first layer that may leave out the last of these layers, or what is inside of it."""
    every = every or outer
    for index in range(len(outer) - 1):
        if not _is_plain(outer[index]) and may_skip(outer[index], every[index + 1 :]):
            return outer[index]
    return None


def _served_class(view: Any) -> Optional[tuple[Any, Mapping[str, Any]]]:
    """Return the class of a view that `as_view` made, and the attributes of its object if it is made."""
    made = list(_layers(view))[-1:]
    if not made or not is_function(made[0]) or _module(made[0]) != "flask.views":
        return None
    known = closure_of(made[0])
    if "self" in known:
        return type(known["self"]), vars(known["self"])
    # Others may have the attribute of the view, but this one is what it reads.
    return getattr(known["view"], "view_class", object), {}


def _own_guard(function: object) -> Any:
    """Return the guard that a function is, or that we made it for.

    It isn't that of its mark, which `functools.update_wrapper` may have replaced.
    """
    if isinstance(function, (ViewGuard, AppGuard)):
        return function
    if function is require_auth:
        return guard_of(function)
    if is_function(function) and _module(function) in _OWN:
        return guard_of(closure_of(function).get("guard"))
    return None


def _is_plain(layer: object) -> bool:
    """Return whether a layer calls the next one and does nothing else."""
    is_object = not is_function(layer) and not hasattr(layer, "__wrapped__")
    return isinstance(layer, partial) or is_method(layer) or is_object


def _named(layer: Any) -> str:
    """Name a decorator by its module. `functools.wraps` hides its name."""
    return f"decorator in {_module(layer)}"


def _module(layer: Any) -> str:
    return str(layer.__globals__.get("__name__") if is_function(layer) else type(layer).__module__)


def _package(function: Any) -> str:
    return _module(function).partition(".")[0]


def _add(found: Found, more: Found) -> None:
    found.guards.extend(more.guards)
    found.others.extend(more.others)
