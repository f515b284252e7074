"""Answers: what the emulator's endpoints send, always JSON unless an outage says otherwise."""

from __future__ import annotations

from typing import Any

import msgspec
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Response

_REFUSALS = {
    403: ("forbidden", "A web page of another host may not steer the emulator."),
    404: ("not_found", "There is nothing at this path."),
    405: ("method_not_allowed", "This path does not answer to this method."),
    413: ("payload_too_large", "The body is larger than one mebibyte."),
    500: ("internal_error", "The emulator has a defect: see its standard error output."),
}


def json_response(document: Any, status: int = 200) -> Response:
    """Make an answer from any value that msgspec can encode."""
    return Response(msgspec.json.encode(document), status, content_type="application/json")


def error_response(status: int, code: str, message: str) -> Response:
    """Make an answer in the one envelope that all errors outside the REST API share.

    Args:
        status: the HTTP status.
        code: a stable machine-readable word.
        message: one sentence for a human.
    """
    return json_response({"error": {"code": code, "message": message}}, status)


def http_error_response(error: HTTPException) -> Response:
    """Make the answer to a request that routing or an endpoint refused."""
    answer = error_response(error.code or 400, *code_and_message(error))
    set_allow_header(answer, error)
    return answer


def code_and_message(error: HTTPException) -> tuple[str, str]:
    """Give the machine-readable word for a refusal, and a sentence for a human."""
    code = error.code or 400
    return _REFUSALS.get(code, ("invalid_request", error.description or "Bad request."))


def set_allow_header(answer: Response, error: HTTPException) -> None:
    """Name the methods that a path answers to, where the refusal is for another one."""
    if isinstance(error, MethodNotAllowed):
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
