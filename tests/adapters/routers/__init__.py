"""One file a framework: `build(options)` guards an application with routes of its own.

`/me` answers SECRET; `/health` and what is below `/public/` answer OPEN.
"""

from __future__ import annotations

from tests.adapters.contract import drivers_in

SECRET = b"secret"
OPEN = b"open"

NAMES, ROUTERS = drivers_in(__name__, __path__)
