"""Searching users: what the filters may be, and the page that is found."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET
from werkzeug.wrappers import Response

from torii_backend.client.inputs import UserSearch
from torii_backend.emulator.answers import json_answer
from torii_backend.emulator.ids import is_id
from torii_backend.emulator.rest.call import Call
from torii_backend.emulator.rest.operation import Operation
from torii_backend.emulator.rest.paging import paging
from torii_backend.emulator.rest.problem import bad_value
from torii_backend.emulator.store import user_search

_LONGEST_LIST = 100
_STATUSES = {"active", "banned", "deleted"}


def search_users(call: Call, body: UserSearch) -> Response:
    """Find users, oldest first."""
    _check(body)
    wanted = paging(call.query)
    found = user_search.search(
        call.connection, call.environment_id, body, after=wanted.after, most=wanted.most
    )
    return json_answer(wanted.page(found, lambda user: user.id))


def _check(filters: UserSearch) -> None:
    if filters.user_ids is not UNSET:
        _check_length("userIds", filters.user_ids)
        if not all(is_id(user_id) for user_id in filters.user_ids):
            raise bad_value("userIds must hold UUIDs.")
    if filters.email_addresses is not UNSET:
        _check_length("emailAddresses", filters.email_addresses)
    if filters.statuses is not UNSET:
        statuses = set(filters.statuses)
        if not statuses <= _STATUSES or len(statuses) < len(filters.statuses):
            raise bad_value("statuses must hold active, banned and deleted, each at most once.")
    if isinstance(filters.organization_id, str) and not is_id(filters.organization_id):
        raise bad_value("organizationId must be a UUID.")


def _check_length(field: str, values: Sequence[str]) -> None:
    if len(values) > _LONGEST_LIST:
        raise bad_value(f"{field} must hold at most {_LONGEST_LIST} entries.")


OPERATIONS = [Operation("POST", "/users/search", search_users, UserSearch, body_required=False)]
