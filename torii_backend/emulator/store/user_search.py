"""Searching the users of an environment, in the order in which they were made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from sqlite3 import Connection

from msgspec import UNSET

from torii_backend.client.inputs import UserSearch
from torii_backend.emulator.store.timestamps import microseconds
from torii_backend.emulator.store.users import StoredUser, decoded

_FEW_MEMBERS = 10_000

_Condition = tuple[str, Sequence[object]]


def search(
    connection: Connection, environment_id: str, filters: UserSearch, *, after: str, limit: int
) -> list[StoredUser]:
    """Find users.

    Args:
        connection: a transaction.
        environment_id: whose users are searched.
        filters: all of which must hold.
        after: the id that all found ids are greater than; an empty text is less than any.
        limit: how many users to give at most.
    """
    source, key, membership = _source(connection, filters)
    conditions: list[_Condition] = [
        ("environment_id = ?", [environment_id]),
        (f"{key} > ?", [after]),
        *_conditions(filters, membership),
    ]
    where = " AND ".join(sql for sql, _ in conditions)
    values = [value for _, of_condition in conditions for value in of_condition]
    found = connection.execute(
        "SELECT record FROM users WHERE id IN"  # noqa: S608 (all texts are ours)
        f" (SELECT id FROM {source} WHERE {where} ORDER BY {key} LIMIT ?) ORDER BY id",
        [*values, limit],
    )
    return [decoded(record) for (record,) in found]


def _source(connection: Connection, filters: UserSearch) -> tuple[str, str, str]:
    """Choose what is gone through, which without statistics SQLite does not choose well.

    Returns:
        The tables, the column of the users' ids that they come in order of, and the condition
        for the members of an organization.
    """
    one_by_one = "EXISTS (SELECT 1 FROM members WHERE organization_id = ? AND user_id = users.id)"
    if filters.email_addresses is not UNSET:
        return "users INDEXED BY users_by_email", "id", one_by_one
    if filters.user_ids is not UNSET:
        return "users INDEXED BY users_by_id", "id", one_by_one
    if filters.organization_id and _is_small(connection, filters.organization_id.lower()):
        joined = "members CROSS JOIN users INDEXED BY users_search ON id = +user_id"
        return joined, "user_id", "organization_id = ?"
    return "users INDEXED BY users_search", "id", one_by_one


def _is_small(connection: Connection, organization_id: str) -> bool:
    """Tell whether an organization has so few members that each can be looked at."""
    few = "SELECT 1 FROM members WHERE organization_id = ? LIMIT ?"
    (count,) = connection.execute(
        f"SELECT count(*) FROM ({few})",  # noqa: S608 (all texts are ours)
        (organization_id, _FEW_MEMBERS),
    ).fetchone()
    return bool(count < _FEW_MEMBERS)


def _conditions(filters: UserSearch, membership: str) -> Iterator[_Condition]:
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
        yield membership, [filters.organization_id.lower()]
    if filters.created_after:
        yield "created_at >= ?", [microseconds(filters.created_after)]
    if filters.created_before:
        yield "created_at <= ?", [microseconds(filters.created_before)]


def _any_of(column: str, values: Sequence[str]) -> _Condition:
    return f"{column} IN ({', '.join('?' * len(values))})", values
