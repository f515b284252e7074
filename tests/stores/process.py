"""Run by test_revocation_processes.py: a process that learns from Redis that a user was banned.

Arguments: how its main thread passes the time (`idle`, `busy` or `forked`); the URL of Redis; the issuer;
a token. Prints `ready`, and once the token is refused, the reason and the time by the monotonic clock.
"""

from __future__ import annotations

import os
import sys
import threading
import time

from torii_backend import InvalidToken, Revocations, Verifier

MODE, URL, ISSUER, TOKEN = sys.argv[1:]


def main() -> None:
    """Wait for the ban."""
    revocations = Revocations(URL)
    verifier = Verifier(ISSUER, revocations=revocations)
    auth = verifier.verify(TOKEN)
    if MODE == "forked" and os.fork():
        # The parent goes on listening, which must not matter to the child.
        os.wait()
        revocations.close()
        return
    print("ready", flush=True)
    if MODE == "busy":
        while not is_refused(verifier):
            pass
    elif not is_refused(verifier):
        told = threading.Event()
        revocations.watch(auth, told.set)
        told.wait(60)
        is_refused(verifier)


def is_refused(verifier: Verifier) -> bool:
    """Verify the token; report once it is refused."""
    try:
        verifier.verify(TOKEN)
    except InvalidToken as refusal:
        print(refusal.reason, time.monotonic(), flush=True)
        return True
    return False


if __name__ == "__main__":
    main()
