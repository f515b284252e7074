"""What a route audit says of each route, judged by the options of its guards. Pure: no route is called."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

from torii_backend._guard.options import CheckedOptions
from torii_backend._guard.route_paths import may_be_exempt

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


def verdict_of(options: CheckedOptions, pieces: Sequence[str]) -> Verdict:
    """Say what a guard does for a route.

    Args:
        options: those of the guard.
        pieces: the path of the route in pieces, as for `may_be_exempt`, below the guard's mount point.
    """
    if may_be_exempt(options.exempt, pieces):
        return Verdict("exempt")
    if not options.required:
        return Verdict("optional")
    shown = repr(options.policy)
    return Verdict("guarded", shown[len("Policy(") : -1])


def strongest(verdicts: Iterable[Verdict]) -> Verdict:
    """Return what several guards of one route amount to; without any it is open."""
    found = sorted(verdicts, key=lambda verdict: STATES.index(verdict.state))
    if not found:
        return OPEN
    details = [each.detail for each in found if each.state == found[0].state and each.detail]
    return Verdict(found[0].state, ", ".join(dict.fromkeys(details)))


def where_of(view: Any) -> str:
    """Return the file and line of a view, relative to the working directory if it is below that."""
    try:
        function = inspect.unwrap(view)
        path = inspect.getsourcefile(function) or ""
        line = inspect.getsourcelines(function)[1]
        shorter = os.path.relpath(path)
    except (OSError, TypeError, ValueError):
        return ""
    return f"{path if shorter.startswith(os.pardir) else shorter}:{line}"
