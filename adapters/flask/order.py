"""Finds views that lost their guard: `@require_auth` above `@app.route` guards nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Callable
from weakref import WeakValueDictionary

from torii_backend.errors import ConfigurationError

Function = Callable[..., Any]

_IS_GUARD = "_torii_guard"
# The functions that guards wrap, by identity: a view may be any callable, even an unhashable one.
_wrapped: WeakValueDictionary[int, Function] = WeakValueDictionary()


def note_guarded(guarded: Function) -> None:
    """Remember which functions a guarded view wraps."""
    setattr(guarded, _IS_GUARD, True)
    for function in _layers(guarded.__wrapped__):  # type: ignore[attr-defined]
        with suppress(TypeError):  # it doesn't support weak references
            _wrapped[id(function)] = function


def check_order(views: Mapping[str, Function]) -> None:
    """Check that no function is registered that a guard wraps, while the guard is registered nowhere.

    `views` are the views of an application by endpoint.
    """
    layers = [list(_layers(view)) for view in views.values()]
    guarded = {id(each) for view in layers if any(map(_is_guard, view)) for each in view}
    for endpoint, view in views.items():
        lost = _wrapped.get(id(view)) is view and id(view) not in guarded
        if lost and not _keeps_its_name(view):
            raise ConfigurationError(
                f"The view {endpoint!r} is registered without its guard. "
                "Write @require_auth below @app.route, not above it."
            )


def _layers(view: Function) -> Iterator[Function]:
    """Yield a function and those that it wraps, from the outside in."""
    layer: Any = view
    while layer is not None:
        yield layer
        layer = getattr(layer, "__wrapped__", None)


def _is_guard(function: Function) -> bool:
    return getattr(function, _IS_GUARD, None) is True


def _keeps_its_name(view: Function) -> bool:
    """Return whether a module's name for a view still means it: then nothing was decorated with `@`."""
    return getattr(view, "__globals__", {}).get(getattr(view, "__name__", None)) is view
