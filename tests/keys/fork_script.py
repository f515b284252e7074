"""Run by test_fork.py: verify, fork, and verify on both sides.

Arguments: the issuer; a token that is valid from the start; a token of a key that is published later;
the mode. Prints one line per step, so that you see which step hangs.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading

from torii_backend import InvalidToken, Verifier

# As in programs that import logging later: its hook runs before ours, and ours runs before the event.
forking = threading.Event()
os.register_at_fork(before=forking.set)
import logging  # noqa: E402

ISSUER, TOKEN, ROTATED = sys.argv[1:4]
MODE = sys.argv[4]


def step(text: str) -> None:
    # One write, because two processes and two threads write to the same pipe.
    os.write(1, f"{text}\n".encode())


def child_ends_well() -> bool:
    """Fork a child that verifies both tokens within twenty seconds; return whether it did."""
    pid = os.fork()
    if pid == 0:
        signal.alarm(20)
        # In the child alone: what faulthandler keeps for it would hang after the fork.
        faulthandler.dump_traceback_later(18)
        code = 1
        try:
            step(f"child: {verifier.verify(TOKEN).user_id}")
            step(f"child: {verifier.verify(ROTATED).user_id}")
            step(f"child: {verifier.stats().failures} failures")
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1] == 0


def warm() -> None:
    """Fork when the keys are cached and no fetch is running, as gunicorn --preload does."""
    verifier.verify(TOKEN)
    assert child_ends_well()
    step(f"parent: {verifier.verify(ROTATED).user_id}")


def fetching() -> None:
    """Fork while another thread waits for a fetch, which ends after the fork."""

    def forge() -> None:
        try:
            verifier.verify(ROTATED)
        except InvalidToken as refusal:
            step(f"parent: {refusal.reason}")

    verifier.verify(TOKEN)
    thread = threading.Thread(target=forge)
    thread.start()
    step("waiting")
    sys.stdin.readline()
    assert child_ends_well()
    step("forked")
    thread.join()


def locked() -> None:
    """Fork while another thread holds the lock of the store."""
    verifier.verify(TOKEN)
    locked, forked = threading.Event(), threading.Event()

    def hold() -> None:
        with verifier._keystores[ISSUER]._lock:
            locked.set()
            forked.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    assert locked.wait(20)
    assert child_ends_well()
    forked.set()
    thread.join()
    step(f"parent: {verifier.verify(ROTATED).user_id}")


def importing() -> None:
    """Fork while the thread that fetches imports, and wants the lock of logging, which the fork holds."""
    reached, forked = threading.Event(), threading.Event()

    def wait_within_import(event: str, arguments: tuple[object, ...]) -> None:
        if event == "import" and arguments[0] == "urllib3.connection" and not reached.is_set():
            reached.set()
            assert forking.wait(20)
            logging.getLogger("anything")
            forked.wait(20)

    sys.addaudithook(wait_within_import)
    verifier.prefetch()
    assert reached.wait(20)
    assert child_ends_well()
    forked.set()
    step(f"parent: {verifier.verify(TOKEN).user_id}")
    step(f"parent: {verifier.verify(ROTATED).user_id}")


if __name__ == "__main__":
    signal.alarm(25)
    # A slow machine may need more than five seconds to import what a fetch needs.
    verifier = Verifier(ISSUER, fetch_timeout=15)
    modes = {"warm": warm, "fetching": fetching, "locked": locked, "importing": importing}
    modes[MODE]()
