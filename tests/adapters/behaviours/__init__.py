"""The list of behaviours: importing this package fills `BEHAVIOURS`."""

from __future__ import annotations

from tests.adapters.contract import BEHAVIOURS

from . import (
    admission,
    answers,
    application,
    checks,
    configuration,
    credentials,
    isolation,
    paths,
    policies,
    preflight,
    tenants,
    tokens,
)

__all__ = [
    "BEHAVIOURS",
    "admission",
    "answers",
    "application",
    "checks",
    "configuration",
    "credentials",
    "isolation",
    "paths",
    "policies",
    "preflight",
    "tenants",
    "tokens",
]
