"""People: users with their organizations, as the sign-in page and the console list them."""

from __future__ import annotations

from sqlite3 import Connection
from typing import NamedTuple, Optional

from torii_backend.client.models import UserOrganization
from torii_backend.emulator.store import members, user_search, users
from torii_backend.emulator.store.users import StoredUser

_MOST_ORGANIZATIONS = 100


class Person(NamedTuple):
    """A user, and the first 100 organizations of the user."""

    user: StoredUser
    organizations: list[UserOrganization]

    @property
    def label(self) -> str:
        """What the user is called: by name, else by email, else by id."""
        return self.user.name or self.user.email or self.user.id


def find_person(connection: Connection, environment_id: str, user_id: str) -> Optional[Person]:
    """Return a user of an environment."""
    user = users.find(connection, user_id)
    if user is None or user.environment_id != environment_id:
        return None
    return _with_organizations(connection, user)


def find_people(
    connection: Connection, environment_id: str, text: str, *, after: str = "", limit: int
) -> list[Person]:
    """Return the users after an id whose name or email contains a text, in order of creation."""
    found = user_search.containing(connection, environment_id, text, after=after, limit=limit)
    return [_with_organizations(connection, user) for user in found]


def _with_organizations(connection: Connection, user: StoredUser) -> Person:
    of_user = members.of_user(connection, user.id, after="", limit=_MOST_ORGANIZATIONS)
    return Person(user, of_user)
