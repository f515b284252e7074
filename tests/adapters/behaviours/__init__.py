"""The list of behaviours: importing this package fills `BEHAVIOURS`."""

from __future__ import annotations

from tests.adapters.contract import BEHAVIOURS

from . import admission, answers, application, configuration, credentials, isolation, paths, tokens

__all__ = [
    "BEHAVIOURS",
    "admission",
    "answers",
    "application",
    "configuration",
    "credentials",
    "isolation",
    "paths",
    "tokens",
]
