"""The option `--claim name=value`, which several commands have."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from torii_backend.errors import ConfigurationError


def add_claim_option(parser: ArgumentParser, purpose: str) -> None:
    """Add `--claim`, which may be repeated."""
    parser.add_argument(
        "--claim",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help=f"{purpose}; the value is JSON, such as 5 or true, or else text",
    )


def claims_of(options: list[str]) -> dict[str, Any]:
    """Return the claims that were given by `--claim`.

    Raises:
        ConfigurationError: one has no name or no `=`. The message doesn't quote it.
    """
    claims: dict[str, Any] = {}
    for option in options:
        name, equals, text = option.partition("=")
        if not (name and equals):
            raise ConfigurationError("--claim must be a name and a value, such as plan=pro.")
        claims[name] = _value(text)
    return claims


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_not_json)
    except (ValueError, RecursionError):
        return text


def _not_json(name: str) -> Any:
    """Take NaN and Infinity for text: Python reads them, but JSON doesn't have them."""
    raise ValueError(name)
