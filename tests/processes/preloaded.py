"""Run by test_gunicorn.py: an app that verifies before gunicorn forks its workers.

TORII_TEST_TOKEN holds a good token.
"""

from __future__ import annotations

import os
from typing import Any

from torii_backend import Verifier
from torii_backend.wsgi import AuthMiddleware

verifier = Verifier()
verifier.verify(os.environ["TORII_TEST_TOKEN"])


def me(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answer the user and the worker."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['torii.auth'].user_id} {os.getpid()}".encode()]


app = AuthMiddleware(me, verifier=verifier)
