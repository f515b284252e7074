"""Operation: one of the calls that the REST API takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Optional

from msgspec import Struct
from werkzeug.wrappers import Response


class Operation(NamedTuple):
    """A method and a path, and what answers to them.

    Attributes:
        method: the HTTP method.
        path: the path below the prefix that all operations share, with ids in angle brackets.
        endpoint: takes the `RequestContext`, the `body` if there is one, and the ids in the path by name;
            raises `Problem` to refuse.
        body: what the JSON body must look like; None for an operation without one.
        body_required: whether an empty body is refused; otherwise it is the same as `{}`.
    """

    method: str
    path: str
    endpoint: Callable[..., Response]
    body: Optional[type[Struct]] = None
    body_required: bool = True
