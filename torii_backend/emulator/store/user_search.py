"""Search the users of an environment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from sqlite3 import Connection

from msgspec import UNSET

from torii_backend.client.inputs import UserSearch
from torii_backend.emulator.store.timestamps import microseconds
from torii_backend.emulator.store.users import StoredUser, decoder

_Condition = tuple[str, Sequence[object]]


def search(
    connection: Connection, environment_id: str, filters: UserSearch, *, after: str, limit: int
) -> list[StoredUser]:
    """Return the users after an id that match all filters, in order of creation."""
    conditions: list[_Condition] = [
        ("environment_id = ?", [environment_id]),
        ("id > ?", [after]),
        *_conditions(filters),
    ]
    where = " AND ".join(sql for sql, _ in conditions)
    values = [value for _, of_condition in conditions for value in of_condition]
    rows = connection.execute(
        "SELECT record FROM users JOIN user_records USING (id)"  # noqa: S608 (no text is a user's)
        f" WHERE {where} ORDER BY id LIMIT ?",
        [*values, limit],
    )
    return [decoder.decode(record) for (record,) in rows]


def containing(
    connection: Connection, environment_id: str, text: str, *, after: str, limit: int
) -> list[StoredUser]:
    """Return the users after an id whose name or email contains a text, or all for an empty one."""
    rows = connection.execute(
        "SELECT record FROM users JOIN user_records USING (id)"
        " WHERE environment_id = ? AND id > ?"
        " AND (? = '' OR instr(name, ?) OR instr(email, ?)) ORDER BY id LIMIT ?",
        (environment_id, after, text, text.casefold(), text.lower(), limit),
    )
    return [decoder.decode(record) for (record,) in rows]


def _conditions(filters: UserSearch) -> Iterator[_Condition]:
    if filters.name is None:
        yield "name IS NULL", []
    elif filters.name is not UNSET:
        yield "instr(name, ?)", [filters.name.casefold()]
    if filters.email and filters.email.strip():
        yield "instr(email, ?)", [filters.email.lower()]
    if filters.user_ids is not UNSET:
        yield _any_of("id", [user_id.lower() for user_id in filters.user_ids])
    if filters.email_addresses is not UNSET:
        yield _any_of("email", [address.lower() for address in filters.email_addresses])
    if filters.statuses is not UNSET:
        yield _any_of("status", filters.statuses)
    if filters.organization_id:
        members = "SELECT user_id FROM members WHERE organization_id = ?"
        # The + makes SQLite check each user it reads. It would look up every member instead, which
        # takes longer than 50 ms in an organization of 50,000.
        yield f"+id IN ({members})", [filters.organization_id.lower()]
    if filters.created_after:
        yield "created_at >= ?", [microseconds(filters.created_after)]
    if filters.created_before:
        yield "created_at <= ?", [microseconds(filters.created_before)]


def _any_of(column: str, values: Sequence[str]) -> _Condition:
    return f"{column} IN ({', '.join('?' * len(values))})", values
