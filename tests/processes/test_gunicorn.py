"""gunicorn --preload: the keys that were fetched before the fork serve in every worker."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.ports import free_port
from torii_backend.emulator import Emulator

from .program import WATCHDOG, start

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")

WORKERS = 4


def test_preloaded_keys_serve_in_every_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    with Emulator() as torii:
        address = f"127.0.0.1:{free_port()}"
        monkeypatch.setenv("TORII_ISSUER", torii.issuer)
        monkeypatch.setenv("TORII_TEST_TOKEN", torii.issue_token().access_token)
        module = ("gunicorn", "--preload", "--workers", str(WORKERS), "--bind", address)
        with start("preloaded.py", "preloaded:app", module=module) as process:
            try:
                token = torii.issue_token(user_id="user_ada").access_token
                assert users_by_worker(address, token) == {"user_ada"}
                torii.rotate_keys(withdraw=True)
                token = torii.issue_token(user_id="user_grace").access_token
                assert users_by_worker(address, token) == {"user_grace"}
                torii.outage("refuse")
                assert users_by_worker(address, token) == {"user_grace"}
            finally:
                process.terminate()
                process.communicate(timeout=WATCHDOG)


def users_by_worker(address: str, token: str) -> set[str]:
    """Ask until each worker has answered; returns the users that they saw."""

    def ask(_: int) -> tuple[str, str]:
        headers = {"Authorization": f"Bearer {token}", "Connection": "close"}
        response = requests.get(f"http://{address}/me", headers=headers, timeout=WATCHDOG)
        assert response.status_code == 200, response.text
        user, worker = response.text.split()
        return user, worker

    deadline = time.monotonic() + WATCHDOG
    seen: dict[str, str] = {}
    with ThreadPoolExecutor(WORKERS * 2) as pool:
        while len(seen) < WORKERS:
            assert time.monotonic() < deadline, f"only {len(seen)} workers answered"
            try:
                seen.update((worker, user) for user, worker in pool.map(ask, range(WORKERS * 2)))
            except requests.ConnectionError:
                # It has not started yet.
                time.sleep(0.05)
    return set(seen.values())
