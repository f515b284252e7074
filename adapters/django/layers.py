"""What a request meets on its way to the code of a view: our guards, and decorators of others.

A view is looked at in layers, from the outermost decorator to its own function, and none is called.
`functools.wraps` and Django copy the attributes of a view to what wraps it, so a mark alone proves
nothing. A guard counts if its function is ours, and if no decorator outside of it may call what the guard
wraps instead of the guard.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Callable, NamedTuple

from torii_backend._guard.audit import STATES, Verdict, strongest, where_of
from torii_backend._guard.options import GuardOptions
from torii_backend._guard.view_code import closure_of, is_function, is_method, may_skip
from torii_backend.django import decorators
from torii_backend.django.guard import LazyGuard

# What one guard does for the route that is looked at.
Judge = Callable[[GuardOptions], Verdict]

# Their decorators and classes call what they wrap, or refuse the request.
_KNOWN = ("asgiref", "contextlib", "django", "ninja", "rest_framework", "torii_backend")
_USER_TESTS = "django.contrib.auth.decorators"
_ADMIN = "django.contrib.admin"
_AS_VIEW = ("django.views.generic.base", "rest_framework.viewsets")
_METHOD_DECORATOR = "django.utils.decorators"


class Trail(NamedTuple):
    """What was met so far.

    Attributes:
        verdicts: of our guards, and of classes that demand what ours do.
        others: code of others that may refuse a request.
        barrier: code of others that may call what is inside of it in other ways, or empty.
        hides_guard: whether there is a guard of ours inside of that.
    """

    verdicts: tuple[Verdict, ...] = ()
    others: tuple[str, ...] = ()
    barrier: str = ""
    hides_guard: bool = False

    def add(self, *verdicts: Verdict) -> Trail:
        """Add verdicts, which count for nothing behind a barrier."""
        if not self.barrier:
            return self._replace(verdicts=self.verdicts + verdicts)
        hidden = any(verdict.state == "guarded" for verdict in verdicts)
        return self._replace(hides_guard=self.hides_guard or hidden)

    def beside(self, other: str) -> Trail:
        """Add code of others that may refuse a request."""
        return self if self.barrier else self._replace(others=(*self.others, other))

    def behind(self, barrier: str) -> Trail:
        """Add a barrier."""
        return self._replace(barrier=self.barrier or barrier)

    def verdict(self) -> Verdict:
        """Return what all of it amounts to."""
        found, others = strongest(self.verdicts), self.others
        if self.barrier:
            hidden = " may leave its guard out" if self.hides_guard else ""
            others = (*others, self.barrier + hidden)
        if found.state in ("exempt", "public"):
            return found  # the project names the route, so it need not be named again
        return strongest([*self.verdicts, *(Verdict("unknown", other) for other in others)])


def weakest(verdicts: Sequence[Verdict]) -> Verdict:
    """Return what it amounts to if a request needs to satisfy only one of several."""
    state = max(verdicts, key=lambda verdict: STATES.index(verdict.state)).state
    details = [each.detail for each in verdicts if each.state == state and each.detail]
    return Verdict(state, " | ".join(dict.fromkeys(details)))


def peeled(view: Any, trail: Trail, judge: Judge) -> tuple[Any, Trail]:
    """Return a view without its decorators, and the trail that leads to it."""
    layers = _layers(view)
    for index, layer in enumerate(layers[:-1]):
        trail = _met(layer, trail, judge, layers[index + 1 :])
    return layers[-1], trail


def module_of(function: Any) -> str:
    """Return the module in which a function was written, whatever it wraps."""
    known = function.__globals__ if is_function(function) else {}
    return str(known.get("__name__", type(function).__module__))


def is_known(function: Any) -> bool:
    """Return whether a function or class is Django's, ours, or of what we support on top of Django."""
    module = function.__module__ if isinstance(function, type) else module_of(function)
    return module.partition(".")[0] in _KNOWN


def place_of(view: Any) -> str:
    """Return the file and line of a view of the project; empty if it is a framework's."""
    return "" if is_known(view) else where_of(view)


def _layers(view: Any) -> list[Any]:
    """List a view, what it wraps, and so on."""
    layers: list[Any] = []
    while view is not None and not any(view is layer for layer in layers):
        layers.append(view)
        if _is_method_decorator(view):
            layers.extend(_layers_of_decorators(view))
        view = _inside(view)
    return layers


def _inside(view: Any) -> Any:
    """Return what a view wraps, or None."""
    if isinstance(view, partial):
        return view.func
    if is_method(view):
        return view.__func__
    if is_function(view):
        return _inside_function(view)
    call = type(view).__call__
    return getattr(view, "__wrapped__", call if is_function(call) else None)


def _inside_function(view: Any) -> Any:
    if module_of(view) in _AS_VIEW:
        # Django copies the attributes of `dispatch` to it.
        return None
    known, wrapped = closure_of(view), getattr(view, "__wrapped__", None)
    if _is_method_decorator(view):
        return known["method"]
    if module_of(view).startswith(_ADMIN):
        return known.get("view", wrapped)
    if is_known(view) and not _calls(view, wrapped):
        # The admin site copies the attributes of a view to what a decorator of Django made.
        return known.get("view_func", wrapped)
    return wrapped


def _calls(function: Any, other: Any) -> bool:
    return any(other is each for each in closure_of(function).values())


def _is_method_decorator(view: Any) -> bool:
    names = {"decorators", "method"}
    return module_of(view) == _METHOD_DECORATOR and closure_of(view).keys() >= names


def _layers_of_decorators(view: Any) -> list[Any]:
    """Apply the decorators of a method to a stand-in, as Django applies them anew for each request."""

    def stand_in(*_: Any, **__: Any) -> None:
        """Stand in for the method."""

    decorated: Any = stand_in
    for decorate in closure_of(view)["decorators"]:
        decorated = decorate(decorated)
    return _layers(decorated)


def _met(layer: Any, trail: Trail, judge: Judge, inner: Sequence[Any]) -> Trail:
    """Add one layer to the trail."""
    is_plain = isinstance(layer, partial) or is_method(layer) or inner[0] is type(layer).__call__
    if is_plain or _is_method_decorator(layer):
        return trail
    name = f"decorator {_name_of(layer)}"
    if not is_known(layer):
        return trail.behind(name) if may_skip(layer, inner) else trail.beside(name)
    if is_function(layer) and hasattr(layer, "__wrapped__") and not _calls(layer, inner[0]):
        return trail.behind(name)
    return _met_known(layer, trail, judge)


def _met_known(layer: Any, trail: Trail, judge: Judge) -> Trail:
    """Add a decorator of ours or of Django."""
    module = module_of(layer)
    if module == decorators.__name__:
        # Not the guard of its mark, which `update_wrapper` may have replaced.
        guard = closure_of(layer).get("guard")
        if isinstance(guard, LazyGuard):
            return trail.add(judge(guard.options()))
    elif module == _USER_TESTS:
        return trail.beside(_name_of_test(layer))
    elif module.startswith(_ADMIN):
        return trail.beside(_ADMIN)
    return trail


def _name_of_test(view: Any) -> str:
    """Name `login_required` and the like, or the test that a project wrote for `user_passes_test`."""
    test = closure_of(view).get("test_func")
    name = str(getattr(test, "__qualname__", "")).partition(".<locals>")[0]
    return name if name and not name.startswith("<") else "user_passes_test"


def _name_of(layer: Any) -> str:
    """Name the decorator that made a layer. It has the name of what it wraps itself."""
    code = getattr(layer, "__code__", None)
    if code is None:
        return f"{type(layer).__module__}.{type(layer).__qualname__}"
    # From Python 3.11 on.
    name = getattr(code, "co_qualname", code.co_name).partition(".<locals>")[0]
    return f"{module_of(layer)}.{name}"
