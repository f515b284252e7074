"""The threads that all key stores of a process share."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping

import pytest

from tests.support.clock import WATCHDOG, Clock
from tests.support.issuer import Issuer, SigningKey
from tests.support.jwks_server import run, settle
from torii_backend import Auth, KeysUnavailable, Verifier
from torii_backend._keys.process_limits import MAX_THREADS


class Tenants:
    """Many issuers with one key, whose responses a test holds back."""

    def __init__(self, clock: Clock) -> None:
        self.keys = [SigningKey()]
        self.gate = threading.Event()
        self.entered = threading.Semaphore(0)
        self.most = 0
        self._clock = clock
        self._issuer = Issuer()

    def fetch(self, url: str, timeout: float) -> tuple[bytes, Mapping[str, str]]:
        self.entered.release()
        self.most = max(self.most, fetching())
        assert self.gate.wait(WATCHDOG)
        return Issuer(key=self.keys[-1]).fetch(url, timeout)

    def verifier(self, number: int, fetch_timeout: float = 5) -> Verifier:
        issuer = f"https://tenant-{number}.example"
        return Verifier(issuer, fetch=self.fetch, fetch_timeout=fetch_timeout, clock=self._clock)

    def hang(self, *numbers: int) -> None:
        """Use tenants for half an hour whose fetches come to no end."""
        self.gate.set()
        verifiers = [self.verifier(number, fetch_timeout=0.1) for number in numbers]
        tokens = [self.token(number) for number in numbers]
        for verifier, token in zip(verifiers, tokens):
            verifier.verify(token)
        settle()
        self.gate.clear()
        for _ in range(3):
            self._clock.advance(600)
            for verifier, token in zip(verifiers, tokens):
                verifier.verify(token)

    def token(self, number: int) -> str:
        return Issuer(f"https://tenant-{number}.example", self.keys[-1]).token(exp=2**33)


def fetching() -> int:
    return sum(thread.name == "torii-keystore" for thread in threading.enumerate())


def test_a_thousand_tenants_at_once_take_eight_threads(clock: Clock) -> None:
    tenants = Tenants(clock)

    async def use(number: int) -> Auth:
        return await tenants.verifier(number).verify_async(tenants.token(number))

    async def uses() -> None:
        tasks = [asyncio.ensure_future(use(number)) for number in range(200)]
        await asyncio.sleep(0)
        assert 1 <= fetching() <= MAX_THREADS
        tenants.gate.set()
        results = await asyncio.gather(*tasks)
        assert {auth.user_id for auth in results} == {"user_ada"}

    run(uses())
    assert tenants.most <= MAX_THREADS == 8


def test_a_key_rotation_gets_a_thread_in_a_flood_of_other_tenants(clock: Clock) -> None:
    tenants = Tenants(clock)
    tenants.gate.set()
    known = tenants.verifier(0)
    known.warm()
    tenants.entered.acquire()
    tenants.gate.clear()
    for number in range(1, 40):
        tenants.verifier(number).prefetch()
    for _ in range(MAX_THREADS - 2):
        assert tenants.entered.acquire(timeout=WATCHDOG)
    assert not tenants.entered.acquire(blocking=False)
    tenants.keys.append(SigningKey("key-2"))
    rotated = threading.Thread(target=known.verify, args=(tenants.token(0),))
    rotated.start()
    assert tenants.entered.acquire(timeout=WATCHDOG)
    tenants.gate.set()
    rotated.join(WATCHDOG)
    assert not rotated.is_alive()
    while fetching():
        settle()


def test_who_finds_no_thread_in_time_may_try_again_at_once(clock: Clock) -> None:
    """It is not the fault of that issuer, so no pause grows."""
    tenants = Tenants(clock)
    for number in range(MAX_THREADS):
        tenants.verifier(number).prefetch()
    late = tenants.verifier(100)
    late.prefetch()
    clock.advance(60)
    late.prefetch()
    assert (late.stats().fetches, late.stats().failures) == (2, 0)
    tenants.gate.set()
    while fetching():
        settle()
    assert late.verify(tenants.token(100))


@pytest.mark.waits
@pytest.mark.parametrize(("hanging", "threads"), [(2, MAX_THREADS // 2), (7, 7)])
@pytest.mark.parametrize("is_known", [True, False])
def test_issuers_whose_fetches_hang_leave_threads_to_the_others(
    clock: Clock, hanging: int, threads: int, is_known: bool
) -> None:
    """Such as two of three issuers, with a `fetch` that ignores its timeout."""
    tenants = Tenants(clock)
    other = tenants.verifier(0)
    tenants.gate.set()
    if is_known:
        other.warm()
    tenants.hang(*range(1, 1 + hanging))
    held = fetching()
    other.prefetch()
    needed = fetching()
    tenants.gate.set()
    settle()
    # The last two threads are for issuers whose keys are known.
    assert (held, needed) == (threads, threads + int(is_known or hanging == 2))


@pytest.mark.parametrize("use", ["sync", "async"])
def test_who_finds_no_thread_waits_for_one_deadline_only(clock: Clock, use: str) -> None:
    tenants = Tenants(clock)
    for number in range(MAX_THREADS):
        tenants.verifier(number).prefetch()
    late = Verifier("https://late.example", fetch=tenants.fetch, fetch_timeout=0.1, clock=clock)
    with pytest.raises(KeysUnavailable):
        late.warm() if use == "sync" else run(late.warm_async())
    assert (late.stats().fetches, late.stats().failures) == (1, 0)
    tenants.gate.set()
    settle()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_log_handler_that_raises_takes_no_thread(clock: Clock) -> None:
    class Raising(logging.Handler):
        def emit(self, _record: logging.LogRecord) -> None:
            raise RuntimeError("full disk")

    def fetch(url: str, timeout: float) -> tuple[bytes, Mapping[str, str]]:
        raise OSError

    logger, handler = logging.getLogger("torii_backend.keystore"), Raising()
    logger.addHandler(handler)
    try:
        for number in range(3 * MAX_THREADS):
            with pytest.raises(KeysUnavailable):
                Verifier(f"https://tenant-{number}.example", fetch=fetch, clock=clock).warm()
    finally:
        settle()
        logger.removeHandler(handler)


def test_a_job_that_fails_gives_its_thread_back(clock: Clock) -> None:
    def fetch(url: str, timeout: float) -> tuple[bytes, Mapping[str, str]]:
        raise SystemExit

    for number in range(3 * MAX_THREADS):
        with pytest.raises(KeysUnavailable):
            Verifier(f"https://tenant-{number}.example", fetch=fetch, clock=clock).warm()
