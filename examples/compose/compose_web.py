"""The app behind gunicorn: plain WSGI, guarded as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from torii_backend.wsgi import AuthMiddleware

if TYPE_CHECKING:
    from wsgiref.types import StartResponse


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Return who is signed in."""
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"user_id": environ["torii.auth"].user_id}).encode()]


app = AuthMiddleware(application)
