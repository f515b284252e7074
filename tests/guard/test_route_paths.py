"""An audit of routes never calls a route guarded that has an exempt path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fuzzing import fuzz
from torii_backend._guard.exempt_paths import ExemptPaths
from torii_backend._guard.request import HeadersRequest
from torii_backend._guard.route_paths import ANYTHING, SEGMENT, exempting

_TEXT = st.text("ab/", max_size=3)
_PARAMETER = st.sampled_from([SEGMENT, ANYTHING])
_ROUTE = st.lists(st.one_of(_TEXT, _PARAMETER), max_size=4)
_PATTERN = st.sampled_from(
    ["/", "/a", "/a/", "/b/a", "/ab", "/a/b/a", "/*", "/a*", "/a/*", "/b/b*"]
)


@fuzz
@given(_ROUTE, st.lists(_PATTERN, min_size=1, max_size=2), st.data())
def test_a_route_with_an_exempt_path_may_be_exempt(
    route: list[str], patterns: list[str], data: st.DataObject
) -> None:
    fillings = {SEGMENT: st.text("ab", min_size=1, max_size=3), ANYTHING: _TEXT}
    pieces = [data.draw(fillings[each]) if each in fillings else each for each in ["/", *route]]
    path, exempt = "".join(pieces), ExemptPaths(patterns)
    if exempt.matches(path, path, HeadersRequest({})):
        assert exempting(exempt, ["/", *route])


@pytest.mark.parametrize(
    ("route", "patterns"),
    [
        (["/", SEGMENT], ["/static/*", "/a/b"]),
        (["/a/", SEGMENT, "/b"], ["/a/b", "/a/c/b/d"]),
        (["/files/", ANYTHING], ["/file", "/filed/*"]),
    ],
)
def test_a_route_without_one_is_not(route: list[str], patterns: list[str]) -> None:
    assert not exempting(ExemptPaths(patterns), route)


def test_functions_are_not_called() -> None:
    exempt = ExemptPaths([lambda _: pytest.fail("called")])
    assert exempting(exempt, ["/b/", SEGMENT]) == []
