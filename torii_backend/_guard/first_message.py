"""The token in the first message of a WebSocket, and what is left of the message. Pure."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any, Literal, NamedTuple, Optional

import msgspec

FirstMessage = Literal["token", "connection_init"]

# What a client may make us read before it is signed in.
_MOST_CHARACTERS = 65536
_GRAPHQL = ("graphql-transport-ws", "graphql-ws")


class Opening(NamedTuple):
    """The token in the first message, if any, and the message that the application may read."""

    token: Optional[str]
    message: Optional[MutableMapping[str, Any]]


class _ConnectionInit(msgspec.Struct):
    type: str
    payload: Optional[dict[str, Any]] = None


def read_opening(kind: FirstMessage, message: Mapping[str, Any]) -> Opening:
    """Read the first message.

    Of kind `token` it is the token itself, and the application doesn't get it. Of kind
    `connection_init` it is the one of the GraphQL protocols, with `Bearer <token>` as `Authorization`
    in its payload. The application gets it without that.
    """
    text = message.get("text")
    if message["type"] != "websocket.receive" or not text or len(text) > _MOST_CHARACTERS:
        return Opening(None, None)
    if kind == "token":
        return Opening(text, None)
    try:
        init = msgspec.json.decode(text, type=_ConnectionInit)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return Opening(None, None)
    payload = init.payload or {}
    found = [str(value) for name, value in payload.items() if name.lower() == "authorization"]
    scheme, _, token = found[0].partition(" ") if len(found) == 1 else ("", "", "")
    if init.type != "connection_init" or scheme.lower() != "bearer":
        return Opening(None, None)
    rest = {name: value for name, value in payload.items() if name.lower() != "authorization"}
    clean = msgspec.json.encode({"type": init.type, "payload": rest}).decode()
    return Opening(token, {"type": "websocket.receive", "text": clean})


def selected_subprotocol(kind: FirstMessage, offers: list[str]) -> Optional[str]:
    """Select a subprotocol before the application can: browsers fail if none of theirs is selected."""
    wanted = [offer for offer in offers if kind == "token" or offer in _GRAPHQL]
    return wanted[0] if wanted else None


def close_code(kind: FirstMessage, status: int) -> int:
    """Return the close code for the status of a refusal, as GraphQL clients or the IANA list have it."""
    codes = {401: 3000, 403: 3003} if kind == "token" else {401: 4401, 403: 4403}
    return 1013 if status == 503 else codes.get(status, 1008)
