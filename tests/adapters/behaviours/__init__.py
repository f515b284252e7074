"""The list of behaviours: importing this package fills `BEHAVIOURS`."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from tests.adapters.contract import BEHAVIOURS

MODULES = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]

__all__ = ["BEHAVIOURS", "MODULES"]
