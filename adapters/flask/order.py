"""Finds views that lost their guard: `@require_auth` above `@app.route` guards nothing.

`_wrapped` has the functions that guards wrap. It only grows, and forgets what nobody else keeps. Flask
tells of each request before it calls anything of the application, so an application whose view lost its
guard serves no request. One that passed once isn't checked again: Flask takes no views after that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from inspect import CO_VARARGS, CO_VARKEYWORDS, getclosurevars
from types import FunctionType
from typing import Any, Callable, Optional, Union
from weakref import WeakValueDictionary

from flask import Flask, request_started

from torii_backend._guard.audit import GUARD_MARK
from torii_backend.errors import ConfigurationError
from torii_backend.flask.guard import AppGuard, ViewGuard

Guard = Union[ViewGuard, AppGuard]
Function = Callable[..., Any]

_ANYTHING = CO_VARARGS | CO_VARKEYWORDS
_IS_CHECKED = "torii_backend.flask.order"
# By identity: a view may be any callable, even an unhashable one.
_wrapped: WeakValueDictionary[int, Function] = WeakValueDictionary()


def note_guarded(guarded: Function, guard: ViewGuard) -> None:
    """Remember the guard of a view, and which functions it wraps."""
    mark_guard(guarded, guard)
    for function in layers(guarded.__wrapped__, guess=True):  # type: ignore[attr-defined]
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


def layers(view: object, *, guess: bool = False) -> Iterator[Any]:
    """Yield a function and those that it wraps, from the outside in, also those it seems to wrap."""
    layer: Any = view
    while layer is not None:
        yield layer
        if isinstance(layer, partial):
            layer = layer.func
        else:
            wrapped = getattr(layer, "__wrapped__", None)
            layer = _likely_wrapped(layer) if guess and wrapped is None else wrapped


def _likely_wrapped(function: object) -> Optional[Function]:
    """Look into a decorator without functools.wraps: it passes all arguments on to one function."""
    if not isinstance(function, FunctionType):
        return None
    code = function.__code__
    if code.co_argcount or code.co_kwonlyargcount or code.co_flags & _ANYTHING != _ANYTHING:
        return None
    found = [each for each in getclosurevars(function).nonlocals.values() if callable(each)]
    return found[0] if len(found) == 1 else None


def _check_first_request(app: Flask, **_: object) -> None:
    if _IS_CHECKED not in app.extensions:
        _check_order([*app.view_functions.items(), *_before_requests(app)])
        app.extensions[_IS_CHECKED] = True


def _before_requests(app: Flask) -> Iterator[tuple[str, Function]]:
    for functions in app.before_request_funcs.values():
        for function in functions:
            yield getattr(function, "__name__", "before_request"), function


def _check_order(views: Iterable[tuple[str, Function]]) -> None:
    """Check that no function is registered that a guard wraps, while the guard is registered nowhere."""
    found = [(name, list(layers(view, guess=True))) for name, view in views]
    guarded = {id(each) for _, view in found if any(map(guard_of, view)) for each in view}
    for name, view in found:
        if any(id(each) not in guarded and _lost_its_guard(each) for each in view):
            raise ConfigurationError(
                f"The view {name!r} is registered without its guard. "
                "Write @require_auth below @app.route, not above it."
            )


def _lost_its_guard(view: Function) -> bool:
    return _wrapped.get(id(view)) is view and not _keeps_its_name(view)


def _keeps_its_name(view: Function) -> bool:
    """Return whether a module's name for a view still means it: then nothing was decorated with `@`."""
    return getattr(view, "__globals__", {}).get(getattr(view, "__name__", None)) is view
