"""Read a request body: JSON into a struct, or a 400 that names the field."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from werkzeug.exceptions import BadRequest, ClientDisconnected, RequestEntityTooLarge
from werkzeug.wrappers import Request

_MAX_BYTES = 1024 * 1024
_BODY = "torii_backend.emulator.body"

BodyT = TypeVar("BodyT", bound=msgspec.Struct)


def read_body(request: Request, struct: type[BodyT]) -> BodyT:
    """Read a JSON body. An empty body counts as an empty object."""
    return decode_body(read_bytes(request) or b"{}", struct)


def read_bytes(request: Request) -> bytes:
    """Read a body, or raise BadRequest or RequestEntityTooLarge."""
    # werkzeug truncates a chunked body at its limit instead of refusing it. Hence one byte more.
    request.max_content_length = _MAX_BYTES + 1
    try:
        body = request.get_data()
    except ClientDisconnected:
        raise BadRequest("The body is truncated, or its chunked encoding is malformed.") from None
    if len(body) > _MAX_BYTES:
        raise RequestEntityTooLarge
    request.environ[_BODY] = body
    return body


def body_read(request: Request) -> bytes:
    """Return the body that an endpoint read, for the request log. Reads nothing itself."""
    body: bytes = request.environ.get(_BODY, b"")
    return body


def decode_body(body: bytes, struct: type[BodyT]) -> BodyT:
    """Decode a JSON body, or raise BadRequest."""
    try:
        return msgspec.json.decode(body, type=struct)
    except msgspec.ValidationError as error:
        raise BadRequest(f"{error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadRequest("The body must be valid JSON, and not nested too deeply.") from None
