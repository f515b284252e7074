"""Problem: an error of the REST API and its response (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from uuid import uuid4

import msgspec
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from torii_backend.emulator.responses import RequestError, code_and_message, set_allow_header


class Problem(RequestError):
    """An error response, with its `code` and a detail that never quotes the request."""

    def __init__(self, status: int, error_code: str, detail: str, **members: str) -> None:
        super().__init__(status, error_code, detail)
        self.members = members


def problem_response(error: HTTPException) -> Response:
    """Return the response for an exception of routing or of an endpoint."""
    code, detail = code_and_message(error)
    members = error.members if isinstance(error, Problem) else {}
    status = error.code or 400
    document = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "supportId": uuid4().hex,
        **members,
    }
    response = Response(
        msgspec.json.encode(document), status, content_type="application/problem+json"
    )
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    set_allow_header(response, error)
    return response


def invalid_request(detail: str) -> Problem:
    """Return a 400 about a value in the request."""
    return Problem(400, "invalid_request", detail)


def forbidden() -> Problem:
    """Return a 403 about a user of another environment."""
    return Problem(403, "forbidden", "The secret key does not have access to this user.")


def not_found(resource: str) -> Problem:
    """Return a 404 about an unknown id of a resource, such as `user`."""
    return Problem(404, f"{resource}_not_found", f"{resource.capitalize()} not found.")
