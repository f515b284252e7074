"""One file an adapter: `build(options)` guards the application and gives what serves a request."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from tests.adapters.contract import Driver


def _as_it_is(body: bytes) -> bytes:
    return body


def _driver(name: str) -> Driver:
    module = import_module(f"{__name__}.{name}")
    return Driver(name, module.build, getattr(module, "envelope", _as_it_is))


DRIVERS = [_driver(name) for name in sorted(module.name for module in iter_modules(__path__))]
