"""Several workers share an inbox: a delivery is handled once, and again if its worker was killed.

TORII_TESTS_TRIALS says how often each delivery is sent to many workers at once.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier
from typing import Optional

import pytest
import requests

from tests.events.deliveries import SECRET, body, signed
from tests.ports import free_port
from tests.support.clock import WATCHDOG

from .inboxes import url_of

pytestmark = pytest.mark.skipif(
    "TORII_TESTS_NEED_REDIS" not in os.environ,
    reason="`tox run -e redis` starts workers, which takes minutes.",
)

TRIALS = int(os.environ.get("TORII_TESTS_TRIALS", "3"))
AT_ONCE = 50
LEASE = 2.0
LEASED = ("redis", "sqlite", "postgres", "django_sqlite", "django_postgres")
ATOMIC = (
    "sqlite_sessions",
    "postgres_sessions",
    "django_sqlite_atomic",
    "django_postgres_atomic",
)


class Workers:
    """Four workers of gunicorn, which receive webhooks."""

    def __init__(self, name: str, url: str, folder: Path, lease: float) -> None:
        self.folder = folder
        self.address = f"127.0.0.1:{free_port()}"
        path = os.pathsep.join([str(Path(__file__).parent), *(each for each in sys.path if each)])
        environment = {
            **os.environ,
            "PYTHONDEVMODE": "",
            "PYTHONPATH": path,
            "PYTHONWARNINGS": "ignore",
            "TORII_WEBHOOK_SECRET": SECRET,
            "TRIAL_FOLDER": str(folder),
            "TRIAL_INBOX": name,
            "TRIAL_LEASE": str(lease),
            "TRIAL_URL": url,
        }
        subprocess.run([sys.executable, "-m", "receiving"], env=environment, check=True)
        command = ["-m", "gunicorn", "--workers", "4", "--bind", self.address, "receiving:app"]
        self.log = (folder / "log").open("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [sys.executable, *command], env=environment, stdout=self.log, stderr=self.log
        )

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(WATCHDOG)
        self.log.close()

    def post(self, delivery_id: str) -> Optional[requests.Response]:
        """Send a delivery; return None if the connection breaks."""
        headers = {**signed(body(), delivery_id=delivery_id), "Connection": "close"}
        with suppress(requests.ConnectionError):
            return requests.post(
                f"http://{self.address}/", body(), headers=headers, timeout=WATCHDOG
            )
        return None

    def post_until_done(self, delivery_id: str) -> str:
        """Send a delivery until the response is a success, and return its status."""
        deadline = time.monotonic() + WATCHDOG
        while time.monotonic() < deadline:
            response = self.post(delivery_id)
            if response is not None and response.ok:
                status: str = response.json()["status"]
                return status
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text("utf-8"))

    def runs(self) -> Counter[str]:
        """Return how often the handler ran, by delivery."""
        return Counter((self.folder / "ran").read_text("utf-8").split())


@pytest.fixture
def workers(
    name: str, lease: float, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Workers]:
    workers = Workers(name, url_of(name, tmp_path, request), tmp_path, lease)
    try:
        yield workers
    finally:
        workers.stop()


@pytest.mark.parametrize("lease", [60.0])
@pytest.mark.parametrize("name", LEASED + ATOMIC)
def test_a_delivery_that_comes_50_times_at_once_is_handled_once(workers: Workers) -> None:
    assert workers.post_until_done("first") == "ok"
    barrier = Barrier(AT_ONCE)
    outcomes: Counter[str] = Counter()

    def post(delivery_id: str) -> str:
        barrier.wait(WATCHDOG)
        response = workers.post(delivery_id)
        assert response is not None
        assert response.status_code in {200, 503}, response.text
        document = response.json()
        return str(document.get("status") or document["error"]["code"])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for trial in range(TRIALS):
            found = list(pool.map(post, [f"msg_{trial}"] * AT_ONCE))
            outcomes.update(found)
            assert found.count("ok") == 1
            assert workers.post_until_done(f"msg_{trial}") == "duplicate"
    # `pytest -rP` shows it.
    print(f"{TRIALS} trials: {dict(outcomes)}")
    assert workers.runs() == Counter(["first", *(f"msg_{trial}" for trial in range(TRIALS))])


@pytest.mark.parametrize("lease", [LEASE])
@pytest.mark.parametrize("name", LEASED + ATOMIC)
def test_a_delivery_whose_worker_was_killed_is_handled_again(workers: Workers, name: str) -> None:
    assert workers.post_until_done("first") == "ok"
    (workers.folder / "die").touch()
    began = time.monotonic()
    assert workers.post("msg_1") is None
    assert workers.post_until_done("msg_1") == "ok"
    took = time.monotonic() - began
    print(f"handled again after {took:.2f} s")
    # A transaction ends with its process, a lease does not.
    assert name in ATOMIC or took >= LEASE
    assert workers.runs() == Counter(["first", "msg_1", "msg_1"])
