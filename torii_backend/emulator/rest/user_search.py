"""Search users: validate the filters, and return a page."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET
from werkzeug.wrappers import Response

from torii_backend.client.inputs import UserSearch
from torii_backend.emulator.ids import is_id
from torii_backend.emulator.responses import json_response
from torii_backend.emulator.rest.operation import Operation
from torii_backend.emulator.rest.paging import parse_page_request
from torii_backend.emulator.rest.problem import invalid_request
from torii_backend.emulator.rest.request_context import RequestContext
from torii_backend.emulator.store import user_search

_LONGEST_LIST = 100
_STATUSES = {"active", "banned", "deleted"}


def search_users(context: RequestContext, body: UserSearch) -> Response:
    """Search users, oldest first."""
    _check(body)
    page_request = parse_page_request(context.query)
    found = user_search.search(
        context.connection,
        context.environment_id,
        body,
        after=page_request.after,
        limit=page_request.fetch_limit,
    )
    return json_response(page_request.page(found, lambda user: user.id))


def _check(filters: UserSearch) -> None:
    if filters.user_ids is not UNSET:
        _check_length("userIds", filters.user_ids)
        if not all(is_id(user_id) for user_id in filters.user_ids):
            raise invalid_request("userIds must be a list of UUIDs.")
    if filters.email_addresses is not UNSET:
        _check_length("emailAddresses", filters.email_addresses)
    if filters.statuses is not UNSET:
        statuses = set(filters.statuses)
        if not statuses <= _STATUSES or len(statuses) < len(filters.statuses):
            raise invalid_request(
                "statuses must be a list of active, banned and deleted, each at most once."
            )
    if isinstance(filters.organization_id, str) and not is_id(filters.organization_id):
        raise invalid_request("organizationId must be a UUID.")


def _check_length(field: str, values: Sequence[str]) -> None:
    if len(values) > _LONGEST_LIST:
        raise invalid_request(f"{field} must have at most {_LONGEST_LIST} entries.")


OPERATIONS = [Operation("POST", "/users/search", search_users, UserSearch, body_required=False)]
