"""Finds views that were registered before `@require_auth` could guard them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Callable
from weakref import WeakValueDictionary

from torii_backend.errors import ConfigurationError

Function = Callable[..., Any]

# By identity: a view may be any callable, also one that cannot be hashed.
_guarded: WeakValueDictionary[int, Function] = WeakValueDictionary()
_beneath_a_guard: WeakValueDictionary[int, Function] = WeakValueDictionary()


def note_guarded(guarded: Function) -> None:
    """Remember a guarded view, and the functions that it wraps."""
    _guarded[id(guarded)] = guarded
    for function in _layers(guarded.__wrapped__):  # type: ignore[attr-defined]
        with suppress(TypeError):  # nothing refers weakly to it
            _beneath_a_guard[id(function)] = function


def check_order(views: Mapping[str, Function]) -> None:
    """Check that no view is registered bare while its guarded form is registered nowhere.

    Args:
        views: the views of an application by endpoint.

    Raises:
        ConfigurationError: there is such a view.
    """
    layers = {endpoint: list(_layers(view)) for endpoint, view in views.items()}
    bare = {
        endpoint: functions[0]
        for endpoint, functions in layers.items()
        if not any(_guarded.get(id(function)) is function for function in functions)
    }
    guarded = {id(f) for name in layers.keys() - bare.keys() for f in layers[name]}
    for endpoint, view in bare.items():
        lost = _beneath_a_guard.get(id(view)) is view and id(view) not in guarded
        if lost and not _keeps_its_name(view):
            raise ConfigurationError(
                f"the view {endpoint!r} is registered without its guard: "
                "write @require_auth below @app.route, not above it."
            )


def _layers(view: Function) -> Iterator[Function]:
    """List a function and what it wraps, from the outside in."""
    layer: Any = view
    while layer is not None:
        yield layer
        layer = getattr(layer, "__wrapped__", None)


def _keeps_its_name(view: Function) -> bool:
    """Tell whether a view was not decorated: then its name in its module would mean another one."""
    return getattr(view, "__globals__", {}).get(getattr(view, "__name__", None)) is view
