"""Paging: the length of a page, its start, and the cursor of the next one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Generic, NamedTuple, Optional, TypeVar

from msgspec import Struct
from werkzeug.datastructures import MultiDict

from torii_backend.emulator.ids import is_id
from torii_backend.emulator.rest.problem import invalid_request

_DEFAULT_LIMIT = 20
_LARGEST_LIMIT = 100

ItemT = TypeVar("ItemT", bound=Struct)


class Page(Struct, Generic[ItemT], rename="camel"):
    """One page as Torii sends it. The client's own has more attributes."""

    items: tuple[ItemT, ...]
    next_cursor: Optional[str]
    has_more: bool


class PageRequest(NamedTuple):
    """The page that a request asks for: at most `limit` items, with ids greater than `after`."""

    limit: int
    after: str

    @property
    def fetch_limit(self) -> int:
        """How many items to fetch: one more than the page has, to know whether another follows."""
        return self.limit + 1

    def page(self, found: list[ItemT], key: Callable[[ItemT], str]) -> Page[ItemT]:
        """Return the page for at most `fetch_limit` items, which are ordered by `key`."""
        items = tuple(found[: self.limit])
        has_more = len(found) > self.limit
        return Page(
            items=items, next_cursor=key(items[-1]) if has_more else None, has_more=has_more
        )


def parse_page_request(query: MultiDict[str, str]) -> PageRequest:
    """Read the parameters `limit`, which is clamped to 1..100, and `cursor`."""
    limit, cursor = query.get("limit"), query.get("cursor")
    if limit is not None and not re.fullmatch("-?[0-9]+", limit):
        raise invalid_request("limit must be a whole number.")
    if cursor is not None and not is_id(cursor):
        raise invalid_request("cursor must be the nextCursor of an earlier page.")
    # int() refuses text of more than 4,300 digits, and float() does not.
    wanted = _DEFAULT_LIMIT if limit is None else float(limit)
    return PageRequest(int(max(1, min(_LARGEST_LIMIT, wanted))), (cursor or "").lower())
