"""The token in a query, where no header can be sent: taken out before anybody else reads it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Optional
from urllib.parse import unquote_plus

from torii_backend._guard.bearer import schemed
from torii_backend._guard.request import ASGIRequest


class WithTokens(ASGIRequest):
    """An ASGI request whose token may be in another place than its header.

    Args:
        scope: the ASGI scope.
        tokens: those that were found there.
    """

    __slots__ = ("_tokens",)

    KEY: ClassVar[str]
    """Where the scope has this request, from which its tokens were taken out."""

    def __init__(self, scope: Mapping[str, Any], tokens: list[str]) -> None:
        super().__init__(scope)
        # An outer guard has removed its tokens from the scope; this one verifies them too.
        outer = scope.get(self.KEY)
        self._tokens: list[str] = tokens if outer is None else [*outer._tokens, *tokens]

    def credentials(self, header: str, scheme: Optional[str] = "bearer") -> list[str]:
        """List what may be credentials: the header's values, and tokens from the other places."""
        return [*super().credentials(header, scheme), *schemed(self._tokens, None)]


class QueryTokenRequest(WithTokens):
    """An ASGI request whose query may carry the token.

    Args:
        scope: the ASGI scope.
        parameter: the name of the query parameter.
    """

    __slots__ = ("_query",)

    KEY = "torii.query_token_request"

    def __init__(self, scope: Mapping[str, Any], parameter: str) -> None:
        self._query, found = taken_out(parameter, scope.get("query_string", b""))
        super().__init__(scope, found)

    def scope_without_token(self) -> dict[str, Any]:
        """Return the query without the token, and this request, in which an inner guard finds it."""
        return {"query_string": self._query, self.KEY: self}


def taken_out(parameter: str, query: bytes) -> tuple[bytes, list[str]]:
    """Split a query into what is left of it without a parameter, and that parameter's values."""
    kept: list[bytes] = []
    values: list[str] = []
    for pair in query.split(b"&"):
        name, _, value = pair.decode("latin-1").partition("=")
        if unquote_plus(name) == parameter:
            values.append(unquote_plus(value))
        else:
            kept.append(pair)
    return b"&".join(kept), values
