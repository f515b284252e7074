"""Problem: a request that the REST API refuses, and the answer that says so (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Optional
from uuid import uuid4

import msgspec
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from torii_backend.emulator.responses import code_and_message, set_allow_header


class Problem(HTTPException):
    """A refusal.

    Args:
        status: the HTTP status.
        word: the member `code`, a stable machine-readable word.
        detail: one sentence for a human, which quotes nothing of the request.
        **members: further members of the answer, as they are called on the wire.
    """

    def __init__(self, status: int, word: str, detail: str, **members: str) -> None:
        super().__init__(detail)
        self.code: Optional[int] = status
        self.word = word
        self.members = members


def problem_response(error: HTTPException) -> Response:
    """Make the answer to a request that routing or an endpoint refused."""
    if isinstance(error, Problem):
        word, detail, members = error.word, error.description, error.members
    else:
        (word, detail), members = code_and_message(error), {}
    status = error.code or 400
    document = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": word,
        "supportId": uuid4().hex,
        **members,
    }
    answer = Response(
        msgspec.json.encode(document), status, content_type="application/problem+json"
    )
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    set_allow_header(answer, error)
    return answer


def invalid_request(detail: str) -> Problem:
    """Make the refusal of a value in the request."""
    return Problem(400, "invalid_request", detail)


def forbidden() -> Problem:
    """Make the refusal of what lies outside the key's environment."""
    return Problem(403, "forbidden", "The secret key does not reach this user.")


def not_found(what: str) -> Problem:
    """Make the refusal of an id that nothing has.

    Args:
        what: the kind of thing, such as `user`.
    """
    return Problem(404, f"{what}_not_found", f"There is no such {what}.")
