"""The client of Redis that Revocations use: made of a URL, or checked; and its errors in words."""

from __future__ import annotations

from typing import Any, Callable, Union
from urllib.parse import urlsplit

from torii_backend.errors import ConfigurationError, ToriiConnectionError, ToriiError
from torii_backend.settings import is_async_function

# A read waits for news so long, and then says that there are none.
BLOCK_SECONDS = 1.0
_TIMEOUT = BLOCK_SECONDS + 1.0
_CONNECT_TIMEOUT = 1.0

_WANTED = "url_or_client must be the URL of a Redis server, such as redis://127.0.0.1:6379/0"

_TOO_OLD = "url_or_client must be that of a Redis server of version 6.2 or later, such as 7.0."

# By the names of the classes: redis and valkey have the same.
_REASONS = {
    "AuthenticationError": "Redis refused the user name or password",
    "AuthorizationError": "Redis refused the user name or password",
    "AuthenticationWrongNumberOfArgsError": "Redis refused the user name or password",
    "NoPermissionError": "Redis doesn't permit its user a command or key",
    "ReadOnlyError": "this Redis server is a read-only replica",
    "OutOfMemoryError": "Redis is out of memory",
    "BusyLoadingError": "Redis is still loading its data",
    "TimeoutError": "Redis did not respond in time",
    "ConnectionError": "Redis can't be reached",
}


def connector(url_or_client: Any) -> Union[Callable[[], Any], str]:
    """Return what makes a client, with connections of its own for each process; or what is wrong."""
    if not isinstance(url_or_client, str):
        problem = _problem_of(url_or_client)
        return problem or (lambda: url_or_client)
    if not _is_address(url_or_client):
        return f"{_WANTED}."
    try:
        import redis
    except ImportError:
        return "url_or_client needs the package redis: pip install 'torii-backend[redis]'."
    from redis import connection
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    # redis-py has no type for it.
    parse_url: Any = connection.parse_url

    def connect() -> Any:
        # Defaults differ by version, and a URL may have others. The listener tries again by itself.
        settings: dict[str, Any] = {
            **parse_url(url_or_client),
            "socket_timeout": _TIMEOUT,
            "socket_connect_timeout": _CONNECT_TIMEOUT,
            "retry": Retry(NoBackoff(), 0),
            "retry_on_timeout": False,
            "decode_responses": False,
            "protocol": 2,
        }
        return redis.Redis(connection_pool=redis.ConnectionPool(**settings))

    try:
        # An unknown option of the URL is an error only here. Nothing is sent.
        connect().connection_pool.make_connection()
    except Exception:  # noqa: BLE001 (several types, by version)
        return f"{_WANTED}."
    return connect


def as_error(error: Exception) -> ToriiError:
    """Return the error to raise if a revocation could not be written."""
    if _is_too_old(error):
        return ConfigurationError(_TOO_OLD)
    return ToriiConnectionError(
        f"The revocation counts in this process only until it can be stored: {reason(error)}."
    )


def reason(error: BaseException) -> str:
    """Return why Redis did not do what it was asked, without anything that it was told or said."""
    if _is_too_old(error):
        return "the Redis server must be of version 6.2 or later"
    names = [kind.__name__ for kind in type(error).__mro__]
    return next((_REASONS[name] for name in names if name in _REASONS), f"Redis: {names[0]}")


def is_refusal(error: BaseException) -> bool:
    """Return whether Redis responded, with an error."""
    return any(kind.__name__ == "ResponseError" for kind in type(error).__mro__)


def _is_too_old(error: BaseException) -> bool:
    """Return whether a server doesn't know MINID, which 6.0 takes for the id of an entry."""
    words = ("syntax error", "invalid stream id", "unknown command")
    return is_refusal(error) and any(word in str(error).lower() for word in words)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme == "unix":
        return bool(parts.path)
    database = parts.path.strip("/")
    is_number = database.isascii() and database.isdigit()
    return parts.scheme in {"redis", "rediss"} and port != 0 and (not database or is_number)


def _problem_of(client: Any) -> str:
    """Return what is wrong with a client that was passed."""
    command = getattr(client, "execute_command", None)
    is_async = is_async_function(command) or "asyncio" in type(client).__module__
    if isinstance(client, type) or not callable(command) or not hasattr(client, "pipeline"):
        return f"{_WANTED}, or a client of redis-py."
    if is_async:
        return "url_or_client must be a sync client, such as redis.Redis(): it runs on a thread."
    settings = getattr(getattr(client, "connection_pool", None), "connection_kwargs", None)
    if isinstance(settings, dict):
        timeout = settings.get("socket_timeout")
        if not isinstance(timeout, (int, float)) or timeout <= BLOCK_SECONDS:
            return (
                "url_or_client must be a client whose socket_timeout is above 1 second, such as "
                "redis.Redis(socket_timeout=5)."
            )
    return ""
