"""One file an adapter: `build(options)` guards the application and gives what serves a request."""

from __future__ import annotations

from tests.adapters.contract import drivers_in

NAMES, DRIVERS = drivers_in(__name__, __path__)
