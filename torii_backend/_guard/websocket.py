"""WebSocketRequest: the request that opens a WebSocket, and the token that comes with it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from copy import copy
from typing import Any, Optional

from torii_backend._guard.query_token import WithTokens, taken_out

_SUBPROTOCOL = "torii"
_TOKEN_OFFER = "torii.bearer."  # noqa: S105
_HEADER = b"sec-websocket-protocol"


class WebSocketRequest(WithTokens):
    """The request that opens a WebSocket.

    Browsers can't set headers on a WebSocket, so they offer the token as a subprotocol,
    `torii.bearer.<token>`, next to `torii`. The response selects `torii` and never the token.

    Args:
        scope: the ASGI scope.
        query_parameter: the query parameter that may carry the token; None if there is none.
    """

    __slots__ = ("_offers", "_query")

    KEY = "torii.websocket_request"

    def __init__(self, scope: Mapping[str, Any], query_parameter: Optional[str] = None) -> None:
        self._offers = _offers(scope)
        tokens = [offer[len(_TOKEN_OFFER) :] for offer in self._offers if _is_token(offer)]
        self._query: Optional[bytes] = None
        if query_parameter is not None:
            self._query, found = taken_out(query_parameter, scope.get("query_string", b""))
            tokens += found
        super().__init__(scope, tokens)

    def with_token(self, token: str) -> WebSocketRequest:
        """Return this request as if it had come with a token, which was in its first message."""
        found = copy(self)
        found._tokens = [token]
        return found

    @property
    def offers(self) -> list[str]:
        """The subprotocols that the client offers, without any token."""
        return [offer for offer in self._offers if not _is_token(offer)]

    def scope_without_token(self) -> dict[str, Any]:
        """Return those parts of the scope that may hold a token in other places than its header.

        Returns:
            `headers`, `subprotocols` and, if a query parameter may carry the token, `query_string`,
            without any token; and this request, in which an inner guard finds them.
        """
        offers = self.offers
        # Rebuilt from the offers, because servers read a repeated header differently.
        headers = [header for header in self.scope["headers"] if header[0].lower() != _HEADER]
        if offers:
            headers.append((_HEADER, ", ".join(offers).encode("latin-1")))
        clean = {"headers": headers, "subprotocols": offers, self.KEY: self}
        return clean if self._query is None else {**clean, "query_string": self._query}

    def with_subprotocol(self, message: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Select the subprotocol in the application's message to the server.

        Args:
            message: any message; all but `websocket.accept` are returned as they are.

        Returns:
            The message with the application's choice, or with `torii` if it made none and `torii` was
            offered. Never with a token.
        """
        chosen = message.get("subprotocol")
        if message["type"] != "websocket.accept" or (chosen and not _is_token(chosen)):
            return message
        return {**message, "subprotocol": _SUBPROTOCOL if _SUBPROTOCOL in self._offers else None}


def _offers(scope: Mapping[str, Any]) -> list[str]:
    """List what the client offers. Of a repeated header, servers list the last or the first only."""
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == _HEADER]
    sent = [offer.strip() for line in lines for offer in line.split(",")]
    listed = [offer.strip() for offer in scope.get("subprotocols") or ()]
    return [offer for offer in (*sent, *(each for each in listed if each not in sent)) if offer]


def _is_token(offer: str) -> bool:
    return offer.startswith(_TOKEN_OFFER)
