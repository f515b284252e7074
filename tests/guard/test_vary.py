"""`Vary` keeps what a response has, and names the header of the token once."""

from __future__ import annotations

import pytest

from torii_backend._guard.vary import Vary

_TYPE = ("Content-Type", "text/plain")
_VARY = Vary("authorization")


@pytest.mark.parametrize(
    ("values", "merged"),
    [
        ([], "Authorization"),
        ([""], "Authorization"),
        (["Cookie"], "Cookie, Authorization"),
        ([" Cookie ,, Accept,"], "Cookie, Accept, Authorization"),
        (["Cookie", "Origin"], "Cookie, Origin, Authorization"),
        (["X-Authorization"], "X-Authorization, Authorization"),
    ],
)
@pytest.mark.parametrize("name", ["Vary", "vary", "VARY"])
def test_the_header_of_the_token_is_added(values: list[str], merged: str, name: str) -> None:
    given = tuple((name, value) for value in values)
    assert _VARY.added_to((*given, _TYPE)) == [_TYPE, ("Vary", merged)]
    raw = _VARY.added_to_raw((each.encode(), value.encode()) for each, value in given)
    assert raw == [(b"vary", merged.encode())]


@pytest.mark.parametrize("value", ["*", "Cookie, *", "Authorization", "Cookie, AUTHORIZATION"])
def test_what_is_enough_stays_as_it_is(value: str) -> None:
    given = [("vARY", value), _TYPE]
    assert _VARY.added_to(given) == given
    raw = [(b"vARY", value.encode())]
    assert _VARY.added_to_raw(raw) == raw


def test_the_given_headers_are_not_changed() -> None:
    given = [("Vary", "Cookie")]
    assert Vary("x-torii-token").added_to(given) == [("Vary", "Cookie, X-Torii-Token")]
    assert given == [("Vary", "Cookie")]
