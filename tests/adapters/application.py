"""The application behind every guard, without its framework."""

from __future__ import annotations

import asyncio
import json
import posixpath
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import Optional, Protocol
from uuid import uuid4

from torii_backend import Auth, InvalidToken, PermissionDenied, current_auth

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
CHUNKS = 3
_PATIENCE = 30


class Crash(RuntimeError):
    """The application itself fails."""


class OwnAuthError(InvalidToken):
    """The application itself raises a ToriiAuthError: its bug, not a refusal of ours."""


class NotYours(PermissionDenied):
    """A view refuses the request."""


@dataclass
class Subscription:
    plan: str


class Room:
    """Holds requests inside the application until all of them are there."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._barrier = threading.Barrier(size)
        self._arrived = 0
        self._complete: Optional[asyncio.Event] = None

    def meet(self) -> None:
        self._barrier.wait(_PATIENCE)

    async def meet_async(self) -> None:
        # Made here: before Python 3.10 an Event belongs to the loop that runs when it is made.
        self._complete = self._complete or asyncio.Event()
        self._arrived += 1
        if self._arrived == self._size:
            self._complete.set()
        await asyncio.wait_for(self._complete.wait(), _PATIENCE)


class Place(Protocol):
    """Where requests of one path go before they are answered."""

    def meet(self) -> None: ...

    async def meet_async(self) -> None: ...


PLACES: dict[str, Place] = {}


def room(size: int) -> str:
    """Give the path of a new room, which is opened by the first request to come."""
    return f"/room/{size}/{uuid4().hex}"


def _place(path: str) -> Optional[Place]:
    if path.startswith("/room/"):
        return PLACES.setdefault(path, Room(int(path.split("/")[2])))
    return PLACES.get(path)


def respond(path: str, *injected: Optional[Auth]) -> Iterator[bytes]:
    """Respond to a request that passed the guard.

    Args:
        path: the path as the framework shows it; spelt oddly, it leads to the same place, as it
            would behind a lenient router.
        injected: the Auth, once from each place where the adapter puts it.

    Returns:
        The chunks of the body, made while they are read.
    """
    place = _place(path)
    if place is not None:
        place.meet()
    return _chunks(path, injected)


async def respond_async(path: str, *injected: Optional[Auth]) -> AsyncIterator[bytes]:
    """Async version of `respond`."""
    place = _place(path)
    if place is not None:
        await place.meet_async()
    return _one_by_one(_chunks(path, injected))


def is_streamed(path: str) -> bool:
    """Return whether the response is sent chunk by chunk."""
    return path == "/stream"


async def joined(chunks: AsyncIterator[bytes]) -> bytes:
    """Read a body to its end."""
    return b"".join([chunk async for chunk in chunks])


def _chunks(path: str, injected: tuple[Optional[Auth], ...]) -> Iterator[bytes]:
    place = posixpath.normpath(path).replace("//", "/")
    if place == "/boom":
        raise Crash("boom")
    if place == "/auth-error":
        raise OwnAuthError("expired")
    if place == "/denied":
        raise NotYours("This is not yours.")
    if place == "/claims" and injected[0] is not None:
        injected[0].claims_as(Subscription)
    return _stream() if place == "/stream" else iter([_description(injected)])


def _description(injected: tuple[Optional[Auth], ...]) -> bytes:
    current = current_auth()
    document = {
        "user_id": None if injected[0] is None else injected[0].user_id,
        "current": None if current is None else current.user_id,
        "same": all(auth is current for auth in injected),
    }
    return json.dumps(document).encode()


def _stream() -> Iterator[bytes]:
    for _ in range(CHUNKS):
        auth = current_auth()
        yield b"nobody\n" if auth is None else f"{auth.user_id}\n".encode()


async def _one_by_one(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
        await asyncio.sleep(0)
