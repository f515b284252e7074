"""Paging: iterators over all items of a listing.

An iterator fetches a page when the items of the page before are used up. `Paginator` decides which
request comes next, and holds the state: the request of the current page, and whether that page has
arrived. A failed or cancelled fetch leaves both as they are, so the next `next()` tries the same
page again, and a new iterator can start from `cursor`. One lock covers the whole step,
so that no item is lost between two callers: a second one gets an error instead of waiting.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, Callable, Generic, Optional, TypeVar

import msgspec

from torii_backend.auth import not_from_requests
from torii_backend.client._transport.request import ApiRequest
from torii_backend.client.errors import InvalidResponse
from torii_backend.client.models import Page

T = TypeVar("T")


class Paginator(Generic[T]):
    """The position in a listing. It never requests the same page twice."""

    def __init__(self, first: ApiRequest[Page[T]]) -> None:
        self._request = first
        self._page: Optional[Page[T]] = None  # the page of `_request`, once it has arrived
        self._seen = {None, "", self.cursor}
        self._lock = Lock()
        self.items: Iterator[T] = iter(())
        self.unreadable: tuple[Any, ...] = ()

    @property
    def cursor(self) -> Optional[str]:
        """Return the cursor of the current page; None for the first one."""
        return dict(self._request.query).get("cursor")

    def next_request(self) -> Optional[ApiRequest[Page[T]]]:
        """Move on to the next page if the current one has arrived; None after the last."""
        page = self._page
        if page is None:
            return self._request
        if not page.has_more:
            return None
        if page.next_cursor in self._seen:
            # Ending here would pass a part of the listing off as the whole.
            raise InvalidResponse(
                "Torii returned a cursor that points back to an earlier page.", 200
            )
        self._seen.add(page.next_cursor)
        others = tuple(pair for pair in self._request.query if pair[0] != "cursor")
        query = (*others, ("cursor", page.next_cursor or ""))
        self._request = msgspec.structs.replace(self._request, query=query)
        self._page = None
        return self._request

    def accept(self, page: Page[T]) -> None:
        """Take the page that the current request returned."""
        self._page = page
        self.items = iter(page.items)
        self.unreadable += page.unreadable

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Make sure that only one caller moves on."""
        if not self._lock.acquire(blocking=False):
            raise RuntimeError("Only one task or thread can use an iterator at a time.")
        try:
            yield
        finally:
            self._lock.release()


@not_from_requests("your_function")
class PageIterator(Iterator[T]):
    """An iterator over all items of a listing, which fetches page by page.

    If a page can't be fetched, the error is raised. The next `next()` tries that page again.

    Attributes:
        cursor: the cursor of the current page, None for the first. Pass it to `iterate` to go on
            later. No item is skipped, but those of the current page come again.
        unreadable: the records so far that can't be decoded, as plain JSON. The loop leaves them out.
    """

    def __init__(self, send: Callable[[Any], Page[T]], first: ApiRequest[Page[T]]) -> None:
        self._send = send
        self._pages = Paginator(first)

    @property
    def cursor(self) -> Optional[str]:
        """Return the cursor of the current page, to pass to `iterate`."""
        return self._pages.cursor

    @property
    def unreadable(self) -> tuple[Any, ...]:
        """Return the raw records so far that can't be decoded."""
        return self._pages.unreadable

    def __next__(self) -> T:
        with self._pages.exclusive():
            while True:
                for item in self._pages.items:
                    return item
                request = self._pages.next_request()
                if request is None:
                    raise StopIteration
                self._pages.accept(self._send(request))


@not_from_requests("your_function")
class AsyncPageIterator(AsyncIterator[T]):
    """Async version of `PageIterator`.

    Attributes:
        cursor: see `PageIterator`.
        unreadable: see `PageIterator`.
    """

    def __init__(self, send: Callable[[Any], Any], first: ApiRequest[Page[T]]) -> None:
        self._send = send
        self._pages = Paginator(first)

    @property
    def cursor(self) -> Optional[str]:
        """Return the cursor of the current page, to pass to `iterate`."""
        return self._pages.cursor

    @property
    def unreadable(self) -> tuple[Any, ...]:
        """Return the raw records so far that can't be decoded."""
        return self._pages.unreadable

    async def __anext__(self) -> T:
        with self._pages.exclusive():
            while True:
                for item in self._pages.items:
                    return item
                request = self._pages.next_request()
                if request is None:
                    raise StopAsyncIteration
                self._pages.accept(await self._send(request))
