"""Finds views that lost their guard: `@require_auth` above `@app.route` guards nothing.

`_wrapped` has the functions that guards wrap. It only grows, and forgets what nobody else keeps. Flask
tells of each request before it calls anything of the application, so an application whose view lost its
guard serves no request. One that passed once isn't checked again: Flask takes no views after that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import islice
from types import FunctionType
from typing import Any, Callable, Optional, Union
from weakref import WeakValueDictionary

from flask import Flask, request_started
from werkzeug.local import LocalProxy

from torii_backend._guard.audit import GUARD_MARK
from torii_backend.errors import ConfigurationError
from torii_backend.flask.guard import AppGuard, ViewGuard

Guard = Union[ViewGuard, AppGuard]
Function = Callable[..., Any]

_IS_CHECKED = "torii_backend.flask.order"
# By identity: a view may be any callable, even an unhashable one.
_wrapped: WeakValueDictionary[int, Function] = WeakValueDictionary()


def note_guarded(guarded: Function, guard: ViewGuard) -> None:
    """Remember the guard of a view, and which functions it wraps."""
    mark_guard(guarded, guard)
    for function in _all_layers(guarded.__wrapped__):  # type: ignore[attr-defined]
        with suppress(TypeError):  # it doesn't support weak references
            _wrapped[id(function)] = function
    request_started.connect(_check_first_request)


def mark_guard(function: Function, guard: ViewGuard) -> None:
    """Remember the guard that a function is, or that it puts around views."""
    setattr(function, GUARD_MARK, guard)


def guard_of(function: object) -> Optional[Guard]:
    """Return the guard that a function is, or that it was marked with."""
    guard = (
        function
        if isinstance(function, (ViewGuard, AppGuard))
        else getattr(function, GUARD_MARK, None)
    )
    return guard if isinstance(guard, (ViewGuard, AppGuard)) else None


def layers(view: object) -> Iterator[Any]:
    """Yield a function and those that it wraps, from the outside in."""
    layer: Any = view
    while layer is not None:
        yield layer
        layer = layer.func if isinstance(layer, partial) else getattr(layer, "__wrapped__", None)


def _all_layers(view: object) -> Iterator[Any]:
    """Yield a function and those that it wraps or seems to wrap."""
    found, seen = [view], set[int]()
    while found:
        layer = found.pop()
        if id(layer) not in seen:
            seen.add(id(layer))
            yield layer
            found += _inner(layer)


def _inner(layer: object) -> list[Any]:
    wrapped = list(islice(layers(layer), 1, 2))
    return wrapped or [*_likely_wrapped(layer)]


def _likely_wrapped(function: object) -> Iterator[Function]:
    """Look into a decorator without functools.wraps: it has the functions it was given in its closure."""
    # A method isn't what a decorator returns.
    if type(function) is not FunctionType or not _scope_of(function).endswith("<locals>."):
        return
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
        with suppress(ValueError):  # the variable is set later
            value: Any = cell.cell_contents
            is_function = type(value) is not LocalProxy and callable(value)
            if is_function and not isinstance(value, type) and not _sees(function, name, value):
                yield value


def _sees(function: FunctionType, name: str, value: object) -> bool:
    """Return whether a function just calls another one that was defined around it under this name."""
    scope = _scope_of(value)
    is_around = scope.endswith("<locals>.") and _scope_of(function).startswith(scope)
    return is_around and getattr(value, "__qualname__", "") == f"{scope}{name}"


def _scope_of(function: object) -> str:
    path = getattr(function, "__qualname__", "")
    return path[: path.rfind(".") + 1]


def _check_first_request(app: Flask, **_: object) -> None:
    if _IS_CHECKED not in app.extensions:
        _check_order([*app.view_functions.items(), *_before_requests(app)])
        app.extensions[_IS_CHECKED] = True


def _before_requests(app: Flask) -> Iterator[tuple[str, Function]]:
    for functions in app.before_request_funcs.values():
        for function in functions:
            yield getattr(function, "__name__", "before_request"), function


def _check_order(views: Iterable[tuple[str, Function]]) -> None:
    """Check that no function is registered that a guard wraps, unless a guard around it is as well."""
    for name, view in views:
        if _lost_its_guard(view, set()):
            raise ConfigurationError(
                f"The view {name!r} is registered without its guard. "
                "Write @require_auth below @app.route, not above it."
            )


def _lost_its_guard(layer: object, seen: set[int]) -> bool:
    if id(layer) in seen:
        return False
    seen.add(id(layer))
    if _wrapped.get(id(layer)) is layer and not _keeps_its_name(layer):
        return True
    return not guard_of(layer) and any(_lost_its_guard(each, seen) for each in _inner(layer))


def _keeps_its_name(view: Any) -> bool:
    """Return whether the name of a view still means it: then nothing was decorated with `@`."""
    first, *others = getattr(view, "__qualname__", "").split(".")
    found: Any = getattr(view, "__globals__", {}).get(first)
    for each in others:
        found = getattr(found, each, None)
    return found is view
