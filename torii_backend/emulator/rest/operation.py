"""Operation: one call of the REST API."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Optional

from msgspec import Struct
from werkzeug.wrappers import Response


class Operation(NamedTuple):
    """A call, with its path below `/api/server/v1`, its endpoint and the type of its body.

    The endpoint takes the `RequestContext`, the `body` if there is one, and the ids in the path.
    """

    method: str
    path: str
    endpoint: Callable[..., Response]
    body: Optional[type[Struct]] = None
    body_required: bool = True
