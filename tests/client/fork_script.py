"""Run by test_fork.py: call, fork, and call on both sides: the child first, as a race proves less.

Arguments: the address of the API, and which client is used. Prints what went wrong.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
import sys
from typing import Any, Callable

import requests
from requests.adapters import HTTPAdapter

from torii_backend.client import AsyncToriiClient, ToriiClient

URL, MODE = sys.argv[1:3]
KEY = "sk_test_0123456789abcdefghij"
CALLS = 50


def blocking(session: Any = None) -> Callable[[str], None]:
    """Give a function that calls often and checks that it gets its own responses."""
    torii = ToriiClient(KEY, api_url=URL, session=session)

    def call(side: str) -> None:
        for number in range(CALLS):
            name = f"{side}-{number}"
            assert torii.users.get(name).id == name

    return call


def with_adapter() -> requests.Session:
    """Make a session whose adapter is the user's own."""
    session = requests.Session()
    session.mount("http://", HTTPAdapter(pool_maxsize=4))
    return session


def awaited() -> Callable[[str], None]:
    """Do the same with the async client."""
    torii = AsyncToriiClient(KEY, api_url=URL, pool_size=4)

    async def main(side: str) -> None:
        names = [f"{side}-{number}" for number in range(CALLS)]
        found = await asyncio.gather(*(torii.users.get(name) for name in names))
        assert [one.id for one in found] == names

    return lambda side: asyncio.run(main(side))


def main() -> int:
    """Return 0 if both sides got their own responses."""
    signal.alarm(25)
    modes: dict[str, Callable[[], Callable[[str], None]]] = {
        "blocking": blocking,
        "session": lambda: blocking(requests.Session()),
        "adapter": lambda: blocking(with_adapter()),
        "awaited": awaited,
    }
    call = modes[MODE]()
    call("before")
    pid = os.fork()
    if pid == 0:
        signal.alarm(25)
        # In the child alone: what faulthandler keeps for it would hang after the fork.
        faulthandler.dump_traceback_later(23)
        code = 1
        try:
            call("child")
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    call("parent")
    return int(status != 0)


if __name__ == "__main__":
    sys.exit(main())
