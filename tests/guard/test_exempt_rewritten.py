"""Exempt paths where something before the guard has changed the path of the request."""

from __future__ import annotations

import pytest

from torii_backend._guard.exempt_paths import ExemptPaths


@pytest.mark.parametrize("path", ["/me", "/", "", "/health/", "/publicity"])
def test_a_path_that_was_rewritten_on_the_way_must_be_listed_too(path: str) -> None:
    exempt = ExemptPaths(["/health", "/public/*"])
    for raw_path in ("/health", "/public/a"):
        assert exempt.matches(raw_path, raw_path)
        assert not exempt.matches(raw_path, path)
        assert not exempt.matches(path, raw_path)
