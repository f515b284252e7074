"""RequestContext: what an endpoint of the REST API knows about the request that it answers."""

from __future__ import annotations

from datetime import datetime
from sqlite3 import Connection
from typing import NamedTuple

from werkzeug.datastructures import MultiDict

from torii_backend.emulator.rest.problem import Problem, forbidden, not_found
from torii_backend.emulator.store import users
from torii_backend.emulator.store.users import StoredUser


class RequestContext(NamedTuple):
    """One call of an operation, within one transaction.

    Attributes:
        environment_id: the environment of the secret key.
        connection: the transaction; an endpoint that raises undoes what it wrote.
        query: the query parameters.
        issuer: the origin of the tenant host.
        now: the moment of the context.
    """

    environment_id: str
    connection: Connection
    query: MultiDict[str, str]
    issuer: str
    now: datetime

    def user_or_404(self, user_id: str) -> StoredUser:
        """Give a user of the key's environment, for operations that tell of unknown ids.

        Raises:
            Problem: 404 for an id that nobody has, 403 for a user of another environment.
        """
        return self._find_user(user_id, not_found("user"))

    def user_or_403(self, user_id: str) -> StoredUser:
        """Give a user of the key's environment, for operations that do not tell of unknown ids.

        Raises:
            Problem: 403 for any other id.
        """
        return self._find_user(user_id, forbidden())

    def _find_user(self, user_id: str, unknown: Problem) -> StoredUser:
        user = users.find(self.connection, user_id)
        if user is None:
            raise unknown
        if user.environment_id != self.environment_id:
            raise forbidden()
        return user


def require_not_deleted(user: StoredUser) -> StoredUser:
    """See that a user may be changed.

    Raises:
        Problem: 403 for a deleted user, on whom the key has no grant any more.
    """
    if user.status == "deleted":
        raise forbidden()
    return user
