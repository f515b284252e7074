"""Real stores, each started for a test."""

from __future__ import annotations

from tests.support.postgres_server import postgres_server  # noqa: F401
from tests.support.redis_server import redis_server  # noqa: F401
