"""A process patched by gevent verifies as any other."""

from __future__ import annotations

import pytest

from tests.installed import is_left_out
from torii_backend.emulator import Emulator

from .program import finish, start


@pytest.mark.skipif(is_left_out("gevent"), reason="for `tox run -e frameworks`")
def test_greenlets_share_one_fetch_and_block_nobody() -> None:
    with Emulator() as torii:
        token = torii.issue_token(user_id="user_ada").access_token
        torii.outage("slow")
        output = finish(start("greenlets.py", torii.issuer, token))
    assert output.splitlines() == ["0 done while others run", "{'user_ada'}", "1 fetch"]
