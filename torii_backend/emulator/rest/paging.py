"""PageRequest: how long a page is, where it starts, and where the next one does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from msgspec import Struct
from werkzeug.datastructures import MultiDict

from torii_backend.client.models import Page
from torii_backend.emulator.ids import is_id
from torii_backend.emulator.rest.problem import invalid_request

_DEFAULT_LIMIT = 20
_LARGEST_LIMIT = 100

ItemT = TypeVar("ItemT", bound=Struct)


class PageRequest(NamedTuple):
    """Which page of a listing is asked for; listings are in ascending order of an id.

    Attributes:
        limit: how many items the page has at most.
        after: the id of the last item of the page before; empty for the first page.
    """

    limit: int
    after: str

    @property
    def fetch_limit(self) -> int:
        """How many items to look for: one more than the page has, to see whether more follow."""
        return self.limit + 1

    def page(self, found: list[ItemT], key: Callable[[ItemT], str]) -> Page[ItemT]:
        """Make the page.

        Args:
            found: at most `fetch_limit` items that follow `after`, in order.
            key: gives the id by which an item is ordered.
        """
        items = tuple(found[: self.limit])
        has_more = len(found) > self.limit
        return Page(
            items=items, next_cursor=key(items[-1]) if has_more else None, has_more=has_more
        )


def parse_page_request(query: MultiDict[str, str]) -> PageRequest:
    """Read the parameters `limit`, pulled into 1..100, and `cursor`.

    Raises:
        Problem: 400 where the one is no whole number, or the other no id.
    """
    limit, cursor = query.get("limit"), query.get("cursor")
    if limit is not None and not re.fullmatch("-?[0-9]+", limit):
        raise invalid_request("limit must be a whole number.")
    if cursor is not None and not is_id(cursor):
        raise invalid_request("cursor must be the nextCursor of another page.")
    # A float has no limit on its digits.
    wanted = _DEFAULT_LIMIT if limit is None else float(limit)
    return PageRequest(int(max(1, min(_LARGEST_LIMIT, wanted))), (cursor or "").lower())
