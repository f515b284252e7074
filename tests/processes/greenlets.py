"""Run by test_gevent.py: many greenlets verify at once in a process that gevent has patched.

Arguments: the issuer; a good token.
"""

# ruff: noqa: E402
from gevent import monkey

monkey.patch_all()

import sys

import gevent

from torii_backend import Verifier

ISSUER, TOKEN = sys.argv[1:]


def main() -> None:
    """Let fifty greenlets wait for one slow fetch."""
    verifier = Verifier(ISSUER)
    waiting = [gevent.spawn(verifier.verify, TOKEN) for _ in range(50)]
    gevent.sleep(0)
    print(sum(greenlet.dead for greenlet in waiting), "done while others run")
    gevent.joinall(waiting, raise_error=True)
    print({getattr(greenlet.value, "user_id", None) for greenlet in waiting})
    print(verifier.stats().fetches, "fetch")


if __name__ == "__main__":
    main()
