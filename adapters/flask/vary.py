"""`Vary` on the responses of guarded requests.

A guard notes with the request that its response depends on the token. `_add_vary` runs when the
response is made, whoever made it, and after all other functions that the application runs then: one
of these may overwrite the header.
"""

from __future__ import annotations

from flask import Flask, Request, Response, request

from torii_backend._guard.vary import Vary

_KEY = "torii_backend.flask.vary"


def note_vary(vary: Vary, current: Request) -> None:
    """Let the response to this request say that it depends on the token."""
    vars(current).setdefault(_KEY, []).append(vary)


def add_vary_last(app: Flask) -> None:
    """Have an application add what guards note, also in the middle of its first request."""
    functions = app.after_request_funcs.get(None, [])
    if _add_vary not in functions:
        # Flask runs them from the last to the first. A new list: another thread may be reading it.
        app.after_request_funcs[None] = [_add_vary, *functions]


def _add_vary(response: Response) -> Response:
    for vary in vars(request._get_current_object()).get(_KEY, ()):  # type: ignore[attr-defined]
        headers = response.headers
        # To look a missing header up by its name costs Werkzeug an exception.
        values = [value for name, value in headers if name.lower() == "vary"]
        if not values:
            headers.add("Vary", vary.header)
            continue
        merged = vary.merged(values)
        if merged is not None:
            headers["Vary"] = merged
    return response
