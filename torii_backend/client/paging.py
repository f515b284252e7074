"""Paging: which request follows a page. Pure."""

from __future__ import annotations

from typing import Any, Optional, TypeVar

import msgspec

from torii_backend.client._transport.request import ApiRequest
from torii_backend.client.errors import InvalidResponse
from torii_backend.client.models import Page

T = TypeVar("T")


class Paginator:
    """One walk through the pages of a listing; it never asks for the same page twice."""

    def __init__(self) -> None:
        self._seen: set[Optional[str]] = {None, ""}

    def next_request(
        self, request: ApiRequest[Page[T]], page: Page[Any]
    ) -> Optional[ApiRequest[Page[T]]]:
        """Give the request of the page after this one, or None after the last.

        Args:
            request: the request that gave the page.
            page: the page.

        Raises:
            InvalidResponse: the page promises more, but its cursor leads back: the listing cannot be
                completed, and to end here would pass a part off as the whole.
        """
        if not page.has_more:
            return None
        if page.next_cursor in self._seen:
            raise InvalidResponse(
                "Torii answered a page whose cursor leads back to a page before.", 200
            )
        self._seen.add(page.next_cursor)
        others = tuple(pair for pair in request.query if pair[0] != "cursor")
        return msgspec.structs.replace(request, query=(*others, ("cursor", page.next_cursor or "")))
