"""KeyStore in a process that doesn't run between requests: serverless platforms, SIGSTOP, uWSGI."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Callable

import pytest

from tests.support.clock import WATCHDOG, Clock
from tests.support.issuer import NOW, URL, Issuer, SigningKey, jwks
from tests.support.jwks_server import JwksServer, Response, settle
from torii_backend import Auth, Verifier

pytestmark = pytest.mark.waits

SCRIPT = Path(__file__).with_name("stopped_script.py")
Verify = Callable[[Verifier, str], Auth]
WAYS: dict[str, Verify] = {
    "sync": Verifier.verify,
    "async": lambda verifier, token: asyncio.run(verifier.verify_async(token)),
}


class Frozen:
    """An issuer that is healthy, and a process whose threads stand still while it is `frozen`."""

    def __init__(self, clock: Clock) -> None:
        self.keys = [SigningKey("key-1")]
        self.gates: list[threading.Event] = []
        self.frozen = False
        self._arrived = threading.Semaphore(0)
        self.verifier = Verifier(URL, fetch=self._fetch, clock=clock)
        self.token = self._token(self.keys[0])
        self._clock = clock
        self.verifier.verify(self.token)

    def _fetch(self, _url: str, _timeout: float) -> tuple[bytes, Mapping[str, str]]:
        document = jwks(*self.keys)
        if self.frozen:
            gate = threading.Event()
            self.gates.append(gate)
            self._arrived.release()
            assert gate.wait(WATCHDOG)
            # The server has hung up meanwhile.
            raise ConnectionResetError
        return document, {}

    def rotate(self) -> str:
        self.keys = [*self.keys, SigningKey(f"key-{len(self.keys) + 1}")]
        return self._token(self.keys[-1])

    def request_and_freeze(self, verify: Verify, seconds: float) -> None:
        """Serve a request, and stop the process right after it for so long."""
        self.frozen = True
        before = self.verifier.stats().fetches
        assert verify(self.verifier, self.token)
        # Its thread may not have run yet.
        for _ in range(self.verifier.stats().fetches - before):
            assert self._arrived.acquire(timeout=WATCHDOG)
        self._clock.advance(seconds)
        self.frozen = False

    def thaw(self) -> None:
        for gate in self.gates:
            gate.set()
        settle()

    def _token(self, key: SigningKey) -> str:
        return Issuer(URL, key).token(exp=NOW + 10**6)


@pytest.fixture(params=WAYS)
def verify(request: pytest.FixtureRequest) -> Verify:
    return WAYS[request.param]


@pytest.mark.parametrize("thaws", ["before the next request", "after it"])
def test_a_rotation_is_accepted_after_any_number_of_lost_refreshes(
    clock: Clock, verify: Verify, thaws: str
) -> None:
    scene = Frozen(clock)
    clock.advance(250)
    for _ in range(3):
        scene.request_and_freeze(verify, 600)
        if thaws == "before the next request":
            scene.thaw()
    assert verify(scene.verifier, scene.rotate())
    scene.thaw()
    assert scene.verifier.stats().failures == 0


def test_the_request_after_a_lost_refresh_waits_for_the_next_one(
    clock: Clock, verify: Verify
) -> None:
    """Otherwise a key that was withdrawn would be used for a day."""
    scene = Frozen(clock)
    clock.advance(250)
    scene.request_and_freeze(verify, 600)
    assert verify(scene.verifier, scene.token)
    assert scene.verifier.stats().keys_age == 0
    assert scene.verifier.stats().fetches == 3
    scene.thaw()


@pytest.mark.parametrize("seconds", [0.0, 6.0, 600.0])
def test_an_unknown_kid_is_looked_up_although_a_refresh_failed(
    clock: Clock, verify: Verify, seconds: float
) -> None:
    """Six seconds are too few to tell a frozen process from an issuer that hangs."""
    scene = Frozen(clock)
    clock.advance(250)
    for _ in range(4):
        scene.request_and_freeze(verify, seconds)
        scene.thaw()
    assert verify(scene.verifier, scene.rotate())


def test_a_process_that_is_really_stopped(server: JwksServer, key: SigningKey) -> None:
    if not hasattr(signal, "SIGSTOP"):
        pytest.skip("this system does not stop processes")
    rotated = SigningKey("key-2")
    now = int(time.time())
    tokens = [Issuer(server.issuer, each).token(iat=now, exp=now + 900) for each in (key, rotated)]
    path = os.pathsep.join(entry for entry in sys.path if entry)
    with subprocess.Popen(
        [sys.executable, str(SCRIPT), server.issuer, *tokens],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        server.wait_for(1)
        server.respond_with(Response(raw=[]))
        with server.held():
            server.wait_for(2)
            process.send_signal(signal.SIGSTOP)
            # Until it has stopped, as its threads go on for a moment.
            os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        server.publish(key, rotated)
        # More than twice the fetch_timeout of the process.
        time.sleep(4.5)
        process.send_signal(signal.SIGCONT)
        output, _ = process.communicate("\n", timeout=WATCHDOG)
    assert output.splitlines() == ["waited for the refresh", "rotated", "0 failures"]
