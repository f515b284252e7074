"""Running the async client: in loops that end, and with no thread left behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from torii_backend.client import AsyncToriiClient

from .conftest import KEY
from .records import user
from .server import WATCHDOG, ApiServer, Received, as_json

T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run in a new event loop, with a time limit."""
    return asyncio.run(asyncio.wait_for(coroutine, WATCHDOG))


async def arrived(server: ApiServer, count: int) -> None:
    """Wait, without blocking the loop, until so many requests have arrived."""
    await asyncio.get_running_loop().run_in_executor(None, server.wait_for, count)


def client(server: ApiServer, **settings: Any) -> AsyncToriiClient:
    return AsyncToriiClient(KEY, api_url=server.url, **settings)


def named(request: Received) -> Any:
    return as_json(user(request.path.split("/")[5]))


def client_threads() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name.startswith("torii-client")]


def settle() -> None:
    """Wait until no client of this process has a thread left."""
    for thread in client_threads():
        thread.join(WATCHDOG)
        assert not thread.is_alive()
