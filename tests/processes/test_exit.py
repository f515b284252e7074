"""A process ends at once, whatever fetch is under way."""

from __future__ import annotations

import pytest
import requests

from torii_backend.emulator import Emulator

from .program import finish, start


@pytest.mark.parametrize(("ending", "printed"), [("refresh", "user_ada"), ("wait", "gave up")])
def test_a_hanging_fetch_does_not_keep_the_process(ending: str, printed: str) -> None:
    with Emulator() as torii:
        jwks = requests.get(f"{torii.issuer}/_torii/.well-known/jwks.json", timeout=10).text
        token = torii.issue_token(user_id="user_ada").access_token
        # Only this process ends the outage, and not before the other one is gone.
        torii.outage("hang")
        assert finish(start("exiting.py", torii.issuer, token, jwks, ending)) == f"{printed}\n"
