"""How arguments are called on the wire."""

from __future__ import annotations

import re


def snake(name: str) -> str:
    """Give the argument for a member of a JSON body."""
    return re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", name)


def camel(name: str) -> str:
    """Give the member of a JSON body for an argument."""
    return re.sub("_([a-z])", lambda letter: letter[1].upper(), name)
