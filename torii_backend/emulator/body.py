"""Reading a request body: JSON into a struct, or a refusal that names the field."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from werkzeug.exceptions import BadRequest, ClientDisconnected, RequestEntityTooLarge
from werkzeug.wrappers import Request

_LARGEST = 1024 * 1024

BodyT = TypeVar("BodyT", bound=msgspec.Struct)


def read_body(request: Request, struct: type[BodyT]) -> BodyT:
    """Read the JSON body of a request; an empty body is the same as an empty object.

    Args:
        request: the request, whose body was not read yet.
        struct: what the body must look like.

    Raises:
        BadRequest: the body is not JSON, or does not look like the struct.
        RequestEntityTooLarge: the body is larger than a mebibyte.
    """
    return decoded(read_bytes(request) or b"{}", struct)


def read_bytes(request: Request) -> bytes:
    """Read the body of a request as it was sent.

    Raises:
        BadRequest: the body was cut short, or one of its chunks is malformed.
        RequestEntityTooLarge: the body is larger than a mebibyte.
    """
    # werkzeug cuts a chunked body off at its limit instead of refusing it, hence one byte more.
    request.max_content_length = _LARGEST + 1
    try:
        body = request.get_data()
    except ClientDisconnected:
        raise BadRequest("The body ends too early, or one of its chunks is malformed.") from None
    if len(body) > _LARGEST:
        raise RequestEntityTooLarge
    return body


def decoded(body: bytes, struct: type[BodyT]) -> BodyT:
    """Decode a JSON body.

    Raises:
        BadRequest: the body is not JSON, or does not look like the struct.
    """
    try:
        return msgspec.json.decode(body, type=struct)
    except msgspec.ValidationError as error:
        raise BadRequest(f"{error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadRequest("The body is not JSON, or it is nested too deeply.") from None
