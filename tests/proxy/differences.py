"""What servers do themselves, before or after the proxy, so that a behaviour can't be seen behind them.

docs/proxy.md has the same table for users.
"""

from __future__ import annotations

_BUFFERS = "It reads all of a body before it calls the application."
_NEVER_CUTS = "It leaves the connection open if the application fails in the middle of a response."
_SORTS = "It puts headers in an order of its own. Those of one name keep theirs."

DIFFERENCES: dict[tuple[str, str], str] = {
    ("daphne", "a_body_streams"): _BUFFERS,
    ("daphne", "a_body_that_stalls_never_looks_whole"): _NEVER_CUTS,
    ("daphne", "a_client_that_does_not_read_holds_the_upstream_back"): (
        "It takes all of a response into memory, however slow the client reads."
    ),
    ("daphne", "a_response_that_is_cut_never_looks_whole"): _NEVER_CUTS,
    ("daphne", "headers_keep_their_order"): _SORTS,
    ("daphne", "an_upload_that_stalls_is_408"): _BUFFERS,
    ("gunicorn_sync", "no_more_than_pool_size_connections_stay_idle"): (
        "It serves one request at a time, so there is one connection."
    ),
    ("waitress", "a_body_in_chunks_stays_in_chunks"): _BUFFERS,
    ("waitress", "a_body_streams"): _BUFFERS,
    ("waitress", "a_client_that_leaves_before_the_response_ends_the_request"): (
        "It tells that a client is gone only with `channel_request_lookahead`."
    ),
    ("waitress", "an_upload_that_stalls_is_408"): _BUFFERS,
    ("waitress", "both_lengths_are_400"): (
        "It takes the chunks and drops the other length, so the proxy sees one."
    ),
    ("waitress", "headers_keep_their_order"): _SORTS,
}
"""By server and behaviour: the reason."""
