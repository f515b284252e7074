"""Pages: cursors, limits and an order that holds while the list grows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from threading import Thread
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest

from .api import Api


class Listing(NamedTuple):
    """A list operation, something that makes its list longer, and the id of one of its rows."""

    api: Api
    method: str
    path: str
    grow: Callable[[], str]
    id_of: Callable[[Any], str]

    def pages(self, **query: Any) -> Iterator[list[str]]:
        for page in self.api.pages(self.method, self.path, **query):
            yield [self.id_of(row) for row in page["items"]]

    def ids(self, **query: Any) -> list[str]:
        return [row_id for page in self.pages(**query) for row_id in page]


def _users(api: Api) -> Listing:
    def grow() -> str:
        return str(api.user()["id"])

    return Listing(api, "POST", "/users/search", grow, lambda row: str(row["id"]))


def _organizations(api: Api) -> Listing:
    def grow() -> str:
        return str(api.organization()["id"])

    return Listing(api, "GET", "/organizations", grow, lambda row: str(row["id"]))


def _invitations(api: Api) -> Listing:
    def grow() -> str:
        return str(api.invite()["id"])

    return Listing(api, "GET", "/invitations", grow, lambda row: str(row["id"]))


def _members(api: Api) -> Listing:
    organization_id = api.organization()["id"]

    def grow() -> str:
        user_id = str(api.user()["id"])
        api.join(organization_id, user_id)
        return user_id

    path = f"/organizations/{organization_id}/members"
    return Listing(api, "GET", path, grow, lambda row: str(row["userId"]))


def _user_organizations(api: Api) -> Listing:
    user_id = api.user()["id"]

    def grow() -> str:
        organization_id = str(api.organization()["id"])
        api.join(organization_id, user_id)
        return organization_id

    path = f"/users/{user_id}/organizations"
    return Listing(api, "GET", path, grow, lambda row: str(row["organizationId"]))


LISTINGS = {
    "users": _users,
    "organizations": _organizations,
    "invitations": _invitations,
    "members": _members,
    "user organizations": _user_organizations,
}


@pytest.fixture(params=LISTINGS)
def listing(request: pytest.FixtureRequest, api: Api) -> Listing:
    make: Callable[[Api], Listing] = LISTINGS[request.param]
    return make(api)


def test_an_empty_list_is_one_empty_page(listing: Listing) -> None:
    page = listing.api.ok(listing.method, listing.path)
    assert page == {"items": [], "nextCursor": None, "hasMore": False}


def test_has_more_is_true_exactly_when_there_is_a_next_cursor(listing: Listing) -> None:
    for _ in range(4):
        listing.grow()
    pages = list(listing.api.pages(listing.method, listing.path, limit=2))
    assert [len(page["items"]) for page in pages] == [2, 2]
    assert [page["hasMore"] for page in pages] == [True, False]
    assert UUID(pages[0]["nextCursor"])
    assert pages[1]["nextCursor"] is None


def test_the_pages_together_are_the_list_whatever_the_limit(listing: Listing) -> None:
    expected = {listing.grow() for _ in range(7)}
    whole = listing.ids(limit=100)
    assert len(whole) == 7 and set(whole) == expected
    for limit in (1, 2, 3, 7, 8):
        assert listing.ids(limit=limit) == whole


def test_a_page_has_20_rows_unless_asked_otherwise(listing: Listing) -> None:
    for _ in range(21):
        listing.grow()
    assert [len(page) for page in listing.pages()] == [20, 1]


@pytest.mark.parametrize("limit", [0, -1, -(2**31)])
def test_a_limit_below_1_counts_as_1(listing: Listing, limit: int) -> None:
    listing.grow()
    listing.grow()
    assert [len(page) for page in listing.pages(limit=limit)] == [1, 1]


def test_every_listing_clamps_at_100(listing: Listing) -> None:
    for _ in range(101):
        listing.grow()
    for limit in (101, 1000, 2**31 - 1):
        assert [len(page) for page in listing.pages(limit=limit)] == [100, 1]


def test_inserts_between_pages_neither_hide_nor_repeat_a_row(listing: Listing) -> None:
    there = {listing.grow() for _ in range(9)}
    seen: list[str] = []
    new: set[str] = set()
    # Each page is followed by one insert, so that a list that grows at its end would never end.
    for page in listing.pages(limit=2):
        seen += page
        if len(new) < 6:
            new.add(listing.grow())
    assert len(seen) == len(set(seen))
    assert there <= set(seen) <= there | new


def test_inserts_by_other_threads_neither_hide_nor_repeat_a_row(listing: Listing) -> None:
    there = {listing.grow() for _ in range(12)}
    new: list[str] = []
    threads = [
        Thread(target=lambda: new.extend(listing.grow() for _ in range(10))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    seen = listing.ids(limit=1)
    for thread in threads:
        thread.join()
    assert len(new) == 40
    assert len(seen) == len(set(seen))
    assert there <= set(seen) <= there | set(new)


def test_rows_removed_between_pages_hide_no_other_row(api: Api) -> None:
    there = [api.user()["id"] for _ in range(9)]
    seen: list[str] = []
    filters = {"statuses": ["active"]}
    for page in api.pages("POST", "/users/search", filters, limit=3):
        seen += [user["id"] for user in page["items"]]
        api.ok("POST", f"/users/{seen[-1]}/ban")
    assert sorted(seen) == sorted(there)


def test_pages_keep_to_the_filters(api: Api) -> None:
    number = count()
    expected = set()
    for _ in range(5):
        expected.add(api.user(name=f"Ada {next(number)}")["id"])
        api.user(name=f"Grace {next(number)}")
    pages = list(api.pages("POST", "/users/search", {"name": "ada"}, limit=2))
    assert [len(page["items"]) for page in pages] == [2, 2, 1]
    assert {user["id"] for page in pages for user in page["items"]} == expected


def test_the_order_does_not_change_with_an_update(api: Api) -> None:
    listing = _users(api)
    for _ in range(5):
        listing.grow()
    before = listing.ids()
    for user_id in before[::2]:
        api.ok("PATCH", f"/users/{user_id}", {"firstName": "Ada"})
    assert listing.ids() == before


def test_members_go_by_user_id_ascending(api: Api) -> None:
    organization_id = api.organization()["id"]
    users = sorted(api.user()["id"] for _ in range(8))
    for user_id in reversed(users):
        api.join(organization_id, user_id)
    path = f"/organizations/{organization_id}/members"
    rows = [row for page in api.pages("GET", path, limit=3) for row in page["items"]]
    assert [row["userId"] for row in rows] == users


@pytest.mark.parametrize("limit", ["ten", "1.5", "", "1e2"])
def test_a_limit_that_is_not_a_whole_number_is_rejected(listing: Listing, limit: str) -> None:
    listing.api.error(400, listing.method, listing.path, limit=limit)


def test_an_invalid_cursor_is_rejected(listing: Listing) -> None:
    listing.api.error(400, listing.method, listing.path, cursor="not-a-cursor")


def test_a_cursor_of_another_environment_shows_nothing_of_it(api: Api, elsewhere: Api) -> None:
    for _ in range(3):
        elsewhere.user()
    cursor = elsewhere.search(limit=1)["nextCursor"]
    mine = api.user()["id"]
    response = api.request("POST", "/users/search", cursor=cursor)
    assert response.status in {200, 400}
    if response.status == 200:
        assert {user["id"] for user in response.json()["items"]} <= {mine}


def test_a_cursor_that_was_never_given_shows_no_foreign_row(api: Api) -> None:
    mine = api.user()["id"]
    response = api.request("POST", "/users/search", cursor=str(uuid4()))
    assert response.status in {200, 400}
    if response.status == 200:
        assert {user["id"] for user in response.json()["items"]} <= {mine}
