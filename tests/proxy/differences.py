"""What servers do themselves, before or after the proxy, so that a behaviour can't be seen behind them."""

from __future__ import annotations

DIFFERENCES: dict[tuple[str, str], str] = {}
"""By server and behaviour: the reason."""
