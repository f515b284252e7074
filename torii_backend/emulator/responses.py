"""JSON responses of the tenant host and the admin API, and the errors that all endpoints share."""

from __future__ import annotations

from typing import Any, Optional

import msgspec
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Response

_ERRORS = {
    403: ("forbidden", ""),
    404: ("not_found", "Not found."),
    405: ("method_not_allowed", "Method not allowed."),
    413: ("payload_too_large", ""),
    500: ("internal_error", "Internal error in the emulator. See its standard error output."),
    503: ("unavailable", ""),
    507: ("insufficient_storage", ""),
}


class RequestError(HTTPException):
    """An error response with a code of its own. The message never quotes the request."""

    def __init__(self, status: int, error_code: str, message: str) -> None:
        super().__init__(message)
        self.code: Optional[int] = status
        self.error_code = error_code


def json_response(document: Any, status: int = 200) -> Response:
    """Return a JSON response with any value that msgspec can encode."""
    return Response(msgspec.json.encode(document), status, content_type="application/json")


def error_response(status: int, code: str, message: str) -> Response:
    """Return an error in the envelope that everything outside the REST API shares."""
    return json_response({"error": {"code": code, "message": message}}, status)


def http_error_response(error: HTTPException) -> Response:
    """Return the response for an exception of routing or of an endpoint."""
    response = error_response(error.code or 400, *code_and_message(error))
    set_allow_header(response, error)
    return response


def code_and_message(error: HTTPException) -> tuple[str, str]:
    """Return the error code and the message of an exception."""
    if isinstance(error, RequestError):
        return error.error_code, error.description or ""
    code, message = _ERRORS.get(error.code or 400, ("invalid_request", ""))
    return code, message or error.description or "Bad request."


def set_allow_header(response: Response, error: HTTPException) -> None:
    """Name the allowed methods in the response to a 405."""
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
