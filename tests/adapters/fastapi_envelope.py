"""How FastAPI wraps what a refusal says."""

from __future__ import annotations

import json


def enveloped(body: bytes) -> bytes:
    """Turn `{"error": …}` into `{"detail": …}`; other bodies go into it as they are."""
    try:
        detail = json.loads(body)
    except ValueError:
        detail = body.decode()
    if isinstance(detail, dict):
        detail = detail.get("error", detail)
    return json.dumps({"detail": detail}, separators=(",", ":"), ensure_ascii=False).encode()
