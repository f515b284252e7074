"""Real stores, each started for a test."""

from __future__ import annotations

from tests.support.redis_server import redis_server  # noqa: F401
