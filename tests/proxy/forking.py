"""A program: ask through a proxy, fork, and ask from both processes. The argument is an upstream."""

from __future__ import annotations

import os
import sys

from tests.adapters.messages import Request
from tests.adapters.transport import call_wsgi
from torii_backend.wsgi import ToriiProxy

from .apps import bare_wsgi

if __name__ == "__main__":
    proxy = ToriiProxy(bare_wsgi, upstream=sys.argv[1])

    def ask(target: str) -> bool:
        return call_wsgi(proxy, Request(target)).status == 200

    fine = ask("/_torii/before")
    child = os.fork()
    if child == 0:
        fine = ask("/_torii/child") and ask("/_torii/child")
        os._exit(not fine)
    _, status = os.waitpid(child, 0)
    fine = fine and status == 0 and ask("/_torii/parent")
    sys.exit(not fine)
