"""Run by test_fork.py: verify, fork, and verify on both sides.

Arguments: the issuer; a token that is good from the start; one of a key that is published later.
Prints a line a step, so that a step that hangs is seen.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from torii_backend import InvalidToken, Verifier

ISSUER, TOKEN, ROTATED = sys.argv[1:4]
MODE = sys.argv[4]


def step(text: str) -> None:
    # In one piece, as two processes and two threads write to the same pipe.
    os.write(1, f"{text}\n".encode())


def child_ends_well() -> bool:
    """Fork; the child verifies both tokens, and has twenty seconds for it."""
    pid = os.fork()
    if pid == 0:
        signal.alarm(20)
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
    """Fork once the keys are there and nothing is under way, as gunicorn --preload does."""
    verifier.verify(TOKEN)
    assert child_ends_well()
    step(f"parent: {verifier.verify(ROTATED).user_id}")


def fetching() -> None:
    """Fork while another thread waits for a fetch that is held, and let go of it afterwards."""

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
    """Fork while another thread is within the short time for which it holds the lock."""
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


if __name__ == "__main__":
    signal.alarm(25)
    verifier = Verifier(ISSUER)
    {"warm": warm, "fetching": fetching, "locked": locked}[MODE]()
