"""`Vary` tells caches which request headers a response depends on (RFC 9110 section 12.5.5). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Optional


class Vary:
    """Adds the header that carries the token to the `Vary` of responses.

    Without it, a cache may send the response to one user to another, or to nobody.

    Args:
        header: the name of the header that carries the token.
    """

    def __init__(self, header: str) -> None:
        self.header: str = header.title()
        self._pair = ("Vary", self.header)
        self._raw = (b"vary", self.header.encode("latin-1"))

    def added_to(self, headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return a response's headers, with the `Vary` that it needs. What it has stays."""
        found = [*headers]
        for name, _ in found:
            if len(name) == 4 and name.lower() == "vary":
                return self._added_to_own(found)
        found.append(self._pair)
        return found

    def _added_to_own(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        merged = self.merged(value for name, value in headers if name.lower() == "vary")
        if merged is None:
            return headers
        return [*(pair for pair in headers if pair[0].lower() != "vary"), ("Vary", merged)]

    def added_to_raw(self, headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """Do the same with headers as ASGI has them."""
        found = [*headers]
        for name, _ in found:
            if len(name) == 4 and name.lower() == b"vary":
                return self._added_to_own_raw(found)
        found.append(self._raw)
        return found

    def _added_to_own_raw(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        values = (value for name, value in headers if name.lower() == b"vary")
        merged = self.merged(value.decode("latin-1") for value in values)
        if merged is None:
            return headers
        others = (pair for pair in headers if pair[0].lower() != b"vary")
        return [*others, (b"vary", merged.encode("latin-1"))]

    def merged(self, values: Iterable[str]) -> Optional[str]:
        """Return one value for the `Vary` of a response that has these; None if they are enough."""
        names = [name.strip() for value in values for name in value.split(",")]
        if "*" in names or self.header.lower() in map(str.lower, names):
            return None
        return ", ".join([*filter(None, names), self.header])
