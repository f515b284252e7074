"""How long a fetched key set stays fresh (RFC 9111 section 5.2.2). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

DEFAULT_SECONDS = 300.0
SHORTEST_SECONDS = 60.0
LONGEST_SECONDS = 3600.0

_MAX_AGE = re.compile(r'(?:^|[,\s])max-age\s*=\s*"?(\d{1,9})', re.IGNORECASE)
_NO_CACHE = re.compile(r"(?:^|[,\s])no-(?:store|cache)(?=$|[,\s=])", re.IGNORECASE)


def freshness_lifetime(headers: Mapping[str, str]) -> float:
    """Return for how many seconds a response is fresh, by its Cache-Control and within our bounds."""
    cache_control = ",".join(
        value for name, value in headers.items() if name.lower() == "cache-control"
    )
    if _NO_CACHE.search(cache_control):
        return SHORTEST_SECONDS
    max_age = _MAX_AGE.search(cache_control)
    if max_age is None:
        return DEFAULT_SECONDS
    return min(max(float(max_age[1]), SHORTEST_SECONDS), LONGEST_SECONDS)
