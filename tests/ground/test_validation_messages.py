"""What msgspec says about invalid data, from the lowest version that is allowed to the newest."""

from __future__ import annotations

from typing import Any, Optional

import msgspec
import pytest

from torii_backend.errors import parse_validation_message


class Plan(msgspec.Struct):
    name: str
    seats: int = 1


class Account(msgspec.Struct):
    plan: Optional[Plan] = None
    roles: list[str] = []
    limits: dict[int, int] = {}


# Kind, JSON, then msgspec's message, in parts: text, path and missing member.
MESSAGES: list[tuple[Any, bytes, str, Optional[str], Optional[str]]] = [
    (Plan, b"{}", "Object missing required field `name`", None, "name"),
    (Account, b'{"plan":{}}', "Object missing required field `name`", "plan", "name"),
    (dict[str, Plan], b'{"a":{}}', "Object missing required field `name`", "[...]", "name"),
    (Plan, b"[]", "Expected `object`, got `array`", None, None),
    (Plan, b'{"name":1}', "Expected `str`, got `int`", "name", None),
    (Account, b'{"roles":["a",null]}', "Expected `str`, got `null`", "roles[1]", None),
    (
        Account,
        b'{"plan":{"name":"a","seats":"b"}}',
        "Expected `int`, got `str`",
        "plan.seats",
        None,
    ),
    (Account, b'{"limits":{"1":"b"}}', "Expected `int`, got `str`", "limits[...]", None),
    (Account, b'{"limits":{"b":1}}', "Expected `int`, got `str`", "limits", None),
]


@pytest.mark.parametrize(("kind", "json", "text", "path", "missing"), MESSAGES)
def test_the_installed_msgspec_says_this(
    kind: Any, json: bytes, text: str, path: Optional[str], missing: Optional[str]
) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(json, type=kind)
    assert parse_validation_message(str(caught.value)) == (text, path, missing)


def test_the_path_comes_last() -> None:
    quoted = "Invalid value 'x` - at `$.a' - at `$.kind`"
    assert parse_validation_message(quoted).path == "kind"
