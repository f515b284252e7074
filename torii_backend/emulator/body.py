"""Read a request body: JSON into a struct, or a 400 that names the field."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeVar

import msgspec
import msgspec.inspect
from werkzeug.exceptions import BadRequest, ClientDisconnected, RequestEntityTooLarge
from werkzeug.wrappers import Request

_MAX_BYTES = 1024 * 1024
_TOO_LARGE = "The body must be at most 1 MiB."
_BODY = "torii_backend.emulator.body"

_NOT_A_CHOICE = re.compile(r"Invalid enum value .* at `\$\.(\w+)`", re.DOTALL)

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
    except RequestEntityTooLarge:
        raise RequestEntityTooLarge(_TOO_LARGE) from None
    if len(body) > _MAX_BYTES:
        raise RequestEntityTooLarge(_TOO_LARGE)
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
        raise BadRequest(_sentence(str(error), struct)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadRequest("The body must be valid JSON, and not nested too deeply.") from None


def _sentence(error: str, struct: type[msgspec.Struct]) -> str:
    """Return the sentence for an error of msgspec, which names no choices itself."""
    found = _NOT_A_CHOICE.fullmatch(error)
    choices = [] if found is None else list(map(str, _choices(struct, found[1])))
    return f"{found[1]} must be one of {', '.join(choices)}." if found and choices else f"{error}."


def _choices(struct: type[msgspec.Struct], name: str) -> Iterator[object]:
    """Yield what a field may be, if it is one of several literals."""
    for field in msgspec.structs.fields(struct):
        if field.encode_name == name:
            info = msgspec.inspect.type_info(field.type)
            for each in info.types if isinstance(info, msgspec.inspect.UnionType) else [info]:
                if isinstance(each, msgspec.inspect.LiteralType):
                    yield from each.values
