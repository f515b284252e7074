"""Mailbox: what Torii would have mailed. The emulator keeps the last messages and sends none."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import Literal, Optional

import msgspec

from torii_backend.auth import not_from_requests

_MOST_MESSAGES = 200

MessageKind = Literal["sign_up", "password_reset", "invitation", "organization_invitation"]


@not_from_requests("your_function")
class Message(msgspec.Struct, frozen=True):
    """A message that Torii would have mailed.

    Attributes:
        to: the address.
        kind: `sign_up`, `password_reset`, `invitation` or `organization_invitation`.
        code: the six digits, else None.
        link: the URL, else None.
        at: when it was written, in UTC.
    """

    to: str
    kind: MessageKind
    code: Optional[str]
    link: Optional[str]
    at: datetime

    def __repr__(self) -> str:
        return f"Message(kind={self.kind!r}, at={self.at!r})"


class Mailbox:
    """The last 200 messages. Threads may share it: each method is atomic in CPython."""

    def __init__(self) -> None:
        self._messages: deque[Message] = deque(maxlen=_MOST_MESSAGES)

    def add(self, messages: Iterable[Message]) -> None:
        """Add messages, in place of the oldest ones if there are too many."""
        self._messages.extend(messages)

    def messages(self) -> list[Message]:
        """Return the messages, oldest first."""
        return list(self._messages)

    def clear(self) -> None:
        """Remove all messages."""
        self._messages.clear()
