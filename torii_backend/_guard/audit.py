"""What a route audit says of each route, judged by the options of its guards. Pure: no route is called."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

from torii_backend._guard.options import CheckedOptions
from torii_backend._guard.route_paths import exempting

# The attribute by which a guard can be found on what it guards, whatever else decorates that.
GUARD_MARK = "__torii_guard__"

# From the one that counts most to the one that counts least, if a route has several guards.
State = Literal["guarded", "unknown", "optional", "exempt", "public", "open"]
STATES: tuple[State, ...] = ("guarded", "unknown", "optional", "exempt", "public", "open")


class Route(NamedTuple):
    """One method of one route.

    Attributes:
        path: as the framework spells it, such as `/invoices/{id}`.
        method: such as `GET`; `WEBSOCKET`, or `*` for any method.
        state: whether sign-in is needed.
        detail: the policy of a guarded route, else why it has this state.
        where: the file and line of the view, such as `app/invoices.py:41`, or empty.
    """

    path: str
    method: str
    state: State
    detail: str = ""
    where: str = ""


class Verdict(NamedTuple):
    """What one guard does for a route."""

    state: State
    detail: str = ""


OPEN = Verdict("open")
RECEIVER = Verdict("public", "verifies webhooks by their signature")
METADATA = Verdict("public", "tells who issues tokens (RFC 9728)")
_OWN_VIEWS = {
    "torii_backend._guard.resource_metadata.ResourceMetadata": METADATA,
    "torii_backend.asgi.events.EventReceiver": RECEIVER,
    "torii_backend.fastapi.resource.MetadataEndpoint": METADATA,
    "torii_backend.flask.events.EventView": RECEIVER,
    "torii_backend.flask.resource.MetadataView": METADATA,
    "torii_backend.wsgi.events.EventReceiver": RECEIVER,
}


def verdicts_of(view: object) -> list[Verdict]:
    """Return what a view or an application of ours says of itself, such as that it is public."""
    kind = type(view)
    verdict = _OWN_VIEWS.get(f"{kind.__module__}.{kind.__qualname__}")
    return [] if verdict is None else [verdict]


def verdict_of(options: CheckedOptions, pieces: Sequence[str]) -> Verdict:
    """Say what a guard does for a route. No function in `exempt` is called: it may ask for anything.

    Args:
        options: those of the guard.
        pieces: the path of the route in pieces, see `route_paths`, below the guard's mount point.
    """
    entries = exempting(options.exempt, pieces)
    if entries:
        return Verdict("exempt", ", ".join(entries))
    policy = repr(options.policy)[len("Policy(") : -1]
    if not options.required:
        return Verdict("optional", policy)
    if options.exempt.reasons_of_functions:
        reasons = ", ".join(filter(None, options.exempt.reasons_of_functions))
        return Verdict("unknown", f"exempt has a function{': ' * bool(reasons)}{reasons}")
    return Verdict("guarded", policy)


def strongest(verdicts: Iterable[Verdict], others: Iterable[str] = ()) -> Verdict:
    """Return what the guards of a route amount to.

    Args:
        verdicts: those of our guards.
        others: what else may refuse a request, such as `depends on get_current_user`. Nobody knows what
            it does, so it counts only if there is no guard of ours.
    """
    found = sorted(verdicts, key=lambda verdict: STATES.index(verdict.state))
    if not found:
        reason = ", ".join(dict.fromkeys(others))
        return Verdict("unknown", reason) if reason else OPEN
    details = [each.detail for each in found if each.state == found[0].state and each.detail]
    return Verdict(found[0].state, ", ".join(dict.fromkeys(details)))


def where_of(view: Any) -> str:
    """Return the file and line of a view, relative to the working directory if it is below that."""
    try:
        while isinstance(view, partial):
            view = view.func
        function = inspect.unwrap(view)
        code = getattr(function, "__code__", None)
        path = inspect.getsourcefile(function) or ""
        # To read the source of a function takes long.
        line = code.co_firstlineno if code else inspect.getsourcelines(function)[1]
    except (OSError, TypeError, ValueError):
        return ""
    return relative(f"{path}:{line}")


def relative(path: str) -> str:
    """Return a path relative to the working directory if it is below that."""
    try:
        shorter = os.path.relpath(path)
    except ValueError:  # on another drive of Windows
        return path
    return path if shorter.startswith(os.pardir) else shorter


def name_of(layer: object) -> str:
    """Name a function, a class, or the class of an object, for a reason."""
    while isinstance(layer, partial):
        layer = layer.func
    return str(getattr(layer, "__qualname__", type(layer).__qualname__)).rpartition("<locals>.")[2]


def without_needless_head(routes: Iterable[Route]) -> list[Route]:
    """Leave HEAD out of the methods of one route if it is judged as GET is: frameworks add it to GET."""
    found = list(routes)
    gets = [route[2:4] for route in found if route.method == "GET"]
    return [route for route in found if route.method != "HEAD" or route[2:4] not in gets]


def shown_unguarded(found: Iterable[Iterable[Route]]) -> list[str]:
    """Return what `unguarded_routes` does: one line a route, such as `GET,POST /invoices/{id}`.

    Args:
        found: the methods of each route.
    """
    unguarded = ([each for each in route if each.state != "guarded"] for route in found)
    lines = {
        f"{','.join(sorted(each.method for each in route))} {route[0].path}"
        for route in unguarded
        if route
    }
    return sorted(lines)
