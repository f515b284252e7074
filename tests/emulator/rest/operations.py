"""The operations of the OpenAPI file, which is laid out so that lines alone tell them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

OPENAPI = Path(__file__).parents[2] / "data" / "server-v1.openapi.yaml"

_LINE = re.compile(
    r"^  (?P<path>/\S+):$|^    (?P<method>get|post|put|patch|delete):$|^      operationId: (?P<id>\w+)$"
)


class Operation(NamedTuple):
    """One operation; its path has a `{name}` for each id."""

    name: str
    method: str
    path: str


def read_operations() -> list[Operation]:
    """Read every operation of the OpenAPI file, in its order."""
    operations = []
    path = method = ""
    for line in OPENAPI.read_text("utf-8").splitlines():
        found = _LINE.match(line)
        if found is None:
            continue
        path, method = found["path"] or path, found["method"] or method
        if found["id"]:
            operations.append(Operation(found["id"], method.upper(), path))
    return operations


OPERATIONS = read_operations()
