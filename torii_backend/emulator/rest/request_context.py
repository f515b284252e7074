"""RequestContext: what an endpoint of the REST API knows about its request."""

from __future__ import annotations

from datetime import datetime
from sqlite3 import Connection
from typing import NamedTuple, Optional, TypeVar

from werkzeug.datastructures import MultiDict

from torii_backend.emulator.mailbox import Message, MessageKind
from torii_backend.emulator.rest.problem import Problem, forbidden, not_found
from torii_backend.emulator.store import users
from torii_backend.emulator.store.users import StoredUser
from torii_backend.emulator.webhooks.delivery import Change

Record = TypeVar("Record")


class RequestContext(NamedTuple):
    """A request within one transaction. An endpoint that raises undoes what it wrote."""

    environment_id: str
    connection: Connection
    query: MultiDict[str, str]
    issuer: str
    now: datetime
    changes: list[Change]
    messages: list[Message]

    def publish(self, event_type: str, record: Record) -> Record:
        """Send an event to webhooks once the transaction is committed. Return the record."""
        self.changes.append(Change(self.environment_id, event_type, record))
        return record

    def mail(
        self, to: str, kind: MessageKind, *, code: Optional[str] = None, link: Optional[str] = None
    ) -> None:
        """Put a message into the mailbox once the transaction is committed."""
        self.messages.append(Message(to=to, kind=kind, code=code, link=link, at=self.now))

    def user_or_404(self, user_id: str) -> StoredUser:
        """Return a user of the environment. Raise 404 if it is unknown, 403 if it is foreign."""
        return self._find_user(user_id, not_found("user"))

    def user_or_403(self, user_id: str) -> StoredUser:
        """Return a user of the environment. Raise 403 for any other id."""
        return self._find_user(user_id, forbidden())

    def _find_user(self, user_id: str, unknown: Problem) -> StoredUser:
        user = users.find(self.connection, user_id)
        if user is None:
            raise unknown
        if user.environment_id != self.environment_id:
            raise forbidden()
        return user


def require_not_deleted(user: StoredUser) -> StoredUser:
    """Return the user, or raise a 403 if it is deleted: the key has no access any more."""
    if user.status == "deleted":
        raise forbidden()
    return user
