"""`RedisInbox`: remembers deliveries in Redis.

A delivery is a hash with the fields `state`, `owner`, `until` (when the lease ends, in milliseconds of the
server's clock) and `finished` (JSON). Each call is one script, which the server runs without a pause.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING, Any, Union

from redis import Redis

from torii_backend.auth import not_from_requests
from torii_backend.errors import ConfigurationError
from torii_backend.events.inbox import DEFAULT_RETENTION, Claim
from torii_backend.settings import Unchanging, is_async_function, require_seconds

if TYPE_CHECKING:
    from redis import RedisCluster

_PREFIX = "torii:inbox:"
# Less than senders wait for a response.
_TIMEOUT = 2.0
_URL = "url_or_client must be the URL of Redis, such as redis://localhost:6379/0, or a sync client."

# The client may send a claim again if the connection broke, so an owner may claim twice.
_CLAIM = """
local seen = redis.call('TIME')
local now = seen[1] * 1000 + math.floor(seen[2] / 1000)
local entry = redis.call('HMGET', KEYS[1], 'state', 'owner', 'until', 'finished')
if entry[1] == 'done' then
    return {'done', '[]'}
end
if entry[1] == 'claimed' and entry[2] ~= ARGV[1] and tonumber(entry[3]) > now then
    return {'busy', '[]'}
end
redis.call('HSET', KEYS[1], 'state', 'claimed', 'owner', ARGV[1], 'until', now + ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[2] + ARGV[3])
return {'new', entry[4] or '[]'}
"""
_END = """
local entry = redis.call('HMGET', KEYS[1], 'state', 'owner')
if entry[1] == 'claimed' and entry[2] == ARGV[1] then
    redis.call('HSET', KEYS[1], 'state', ARGV[2], 'finished', ARGV[3])
    redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
"""


@not_from_requests("your_function")
class RedisInbox(Unchanging):
    """An inbox in Redis, which all processes share. A delivery takes two round trips.

    Args:
        url_or_client: the URL, such as `redis://localhost:6379/0`, or a sync client. A client that is made
            from a URL waits 2 s for a response, unless the URL says otherwise (`?socket_timeout=5`).
        retention: seconds for which it remembers a delivery, 7 days by default.

    Raises:
        ConfigurationError: a setting is wrong.
    """

    def __init__(
        self,
        url_or_client: Union[str, Redis, RedisCluster],
        *,
        retention: float = DEFAULT_RETENTION,
    ) -> None:
        self._retention = ceil(require_seconds(retention, "retention") * 1000)
        client = _client(url_or_client)
        # Its password must not be in a traceback, which may show variables.
        del url_or_client
        if client is None:
            raise ConfigurationError(_URL)
        self._client = client

    def claim(self, key: str, owner: str, lease: float) -> Claim:
        """Claim a delivery for an owner, see `Inbox`."""
        state, finished = self._run(_CLAIM, key, owner, ceil(lease * 1000), self._retention)
        return Claim(_text(state), tuple(json.loads(finished)))

    def done(self, key: str, owner: str) -> None:
        """Remember that the handlers of a delivery have finished, see `Inbox`."""
        self._run(_END, key, owner, "done", "[]", self._retention)

    def release(self, key: str, owner: str, finished: Sequence[str]) -> None:
        """Give up a delivery, see `Inbox`."""
        self._run(_END, key, owner, "released", json.dumps(list(finished)), self._retention)

    def _run(self, script: str, key: str, *arguments: Union[str, int]) -> Any:
        return self._client.eval(script, 1, f"{_PREFIX}{key}", *arguments)

    def __repr__(self) -> str:
        return "RedisInbox()"


def _client(url_or_client: Any) -> Any:
    """Return a sync client; None if there is none to make."""
    if not isinstance(url_or_client, str):
        command = getattr(url_or_client, "execute_command", None)
        is_sync = callable(command) and not is_async_function(command)
        return url_or_client if is_sync and not isinstance(url_or_client, type) else None
    try:
        return Redis.from_url(
            url_or_client, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT
        )
    except ValueError:
        return None


def _text(value: Union[str, bytes]) -> Any:
    """Decode what a client returns, which may be set to decode by itself."""
    return value.decode() if isinstance(value, bytes) else value
