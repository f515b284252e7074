"""What the proxy responds itself, instead of Torii. Pure. The sentences are fixed."""

from __future__ import annotations

from torii_backend._guard.refusal import RefusalResponse

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def _refusal(status: int, code: str, message: str, *headers: tuple[str, str]) -> RefusalResponse:
    document = {"error": {"code": code, "message": message}}
    return RefusalResponse.json(status, document, [("Cache-Control", "no-store"), *headers])


BAD_REQUEST = _refusal(400, "invalid_request", "The request is malformed.")
NOT_FOUND = _refusal(404, "not_found", "There is nothing at this path.")
METHOD_NOT_ALLOWED = _refusal(
    405, "method_not_allowed", "This method isn't supported.", ("Allow", ", ".join(METHODS))
)
REQUEST_TIMEOUT = _refusal(408, "request_timeout", "The request body did not come in time.")
LENGTH_REQUIRED = _refusal(411, "length_required", "The request must have a Content-Length.")
BODY_TOO_LARGE = _refusal(413, "body_too_large", "The request body is too large.")
TARGET_TOO_LONG = _refusal(414, "target_too_long", "The URL is too long.")
FAILED = _refusal(502, "proxy_failed", "Torii could not be reached.")
TIMEOUT = _refusal(504, "proxy_timeout", "Torii did not respond in time.")


class RefusedError(Exception):
    """A request that ends with a response of our own.

    Attributes:
        response: the response.
    """

    def __init__(self, response: RefusalResponse) -> None:
        super().__init__(f"The proxy responds {response.status}.")
        self.response: RefusalResponse = response


class CutError(Exception):
    """The upstream cut the body of a response, so the client's connection must not look complete."""


class ClientGoneError(Exception):
    """The client left before the end."""
