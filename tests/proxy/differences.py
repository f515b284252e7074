"""What servers do themselves, before or after the proxy, so that a behaviour can't be seen behind them."""

from __future__ import annotations

_GONE = (
    "WSGI doesn't tell that a client is gone. The request ends with the next byte, or its timeout."
)

DIFFERENCES: dict[tuple[str, str], str] = {
    ("werkzeug", "a_client_that_leaves_before_the_response_ends_the_request"): _GONE,
}
"""By server and behaviour: the reason."""
