"""ApiRequest: one operation of the REST API, described and checked before anything is sent. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Generic, Optional, TypeVar, Union
from urllib.parse import quote, unquote, urlencode
from uuid import UUID

import msgspec

from torii_backend.client._transport.body import encoded, encoded_json
from torii_backend.client._transport.response import decoder
from torii_backend.client.inputs import Input

T = TypeVar("T")

Id = Union[str, UUID]
Timeout = Union[float, tuple[float, float], None]
Query = Sequence[tuple[str, str]]
CustomQuery = Optional[Mapping[str, Union[str, Collection[str]]]]
Bag = Union[Mapping[str, Any], msgspec.UnsetType]

PREFIX = "/api/server/v1"

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PATH = re.compile(r"/(?!/)(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*\Z")
_LONGEST_TIMEOUT = 24 * 60 * 60


class ApiRequest(msgspec.Struct, Generic[T], frozen=True):
    """What to send, and what to make of the answer.

    Attributes:
        method: the HTTP method.
        template: the path for logs, with the names of ids in place of ids.
        path: the path, percent-encoded, from the root of the host.
        into: the type of the answer's body; NoneType where a body means nothing.
        query: names and values, not encoded yet.
        body: JSON, or None for no body.
        timeout: seconds for this call instead of the client's, see `ToriiClient`.
        gone_when_repeated: whether the operation answers 403 or 404 where it was done before.
    """

    method: str
    template: str
    path: str
    into: Any
    query: tuple[tuple[str, str], ...] = ()
    body: Optional[bytes] = None
    timeout: Optional[tuple[float, float]] = None
    gone_when_repeated: bool = False

    def __repr__(self) -> str:
        return f"ApiRequest({self.method} {self.template})"

    @property
    def target(self) -> str:
        """The path and the query, as they are sent."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path


def describe(
    method: str,
    template: str,
    ids: Optional[Mapping[str, Id]] = None,
    *,
    into: Any,
    query: Query = (),
    body: Optional[Input] = None,
    timeout: Timeout = None,
    gone_when_repeated: bool = False,
) -> ApiRequest[Any]:
    """Describe one call of a published operation.

    Args:
        method: the HTTP method.
        template: the path below /api/server/v1, with `{name}` where an id goes.
        ids: the ids by name.
        into: the type of the answer's body.
        query: names and values of the query.
        body: what to send as JSON.
        timeout: seconds for this call; None takes the client's.
        gone_when_repeated: see `ApiRequest`.

    Raises:
        TypeError: an argument has a type that cannot be sent.
        ValueError: an argument has a value that cannot be sent.
    """
    path = template
    for name, value in (ids or {}).items():
        path = path.replace(f"{{{name}}}", _segment(value, name))
    return ApiRequest(
        method=method,
        template=template,
        path=PREFIX + path,
        into=into,
        query=tuple(query),
        body=None if body is None else encoded(body),
        timeout=checked_timeout(timeout),
        gone_when_repeated=gone_when_repeated,
    )


def describe_custom(
    method: str,
    path: str,
    *,
    into: Any,
    query: CustomQuery,
    body: Any,
    timeout: Timeout,
) -> ApiRequest[Any]:
    """Describe a call of an operation that this package does not know.

    Args:
        method: the HTTP method, in capitals.
        path: from the root of the host, or below /api/server/v1; percent-encoded where it must be.
        into: the type of the answer's body.
        query: names and values; a sequence repeats the name.
        body: anything that msgspec encodes as JSON; UNSET sends no body.
        timeout: seconds for this call; None takes the client's.

    Raises:
        TypeError: an argument has a type that cannot be sent.
        ValueError: an argument has a value that cannot be sent.
    """
    if method not in _METHODS:
        raise ValueError(f"method must be one of {', '.join(_METHODS)}.")
    if not isinstance(path, str):
        raise TypeError("path must be a string.")
    if not _PATH.match(path) or {".", ".."} & set(unquote(path).split("/")):
        raise ValueError(
            "path must begin with a slash and be percent-encoded, without query or dot segments."
        )
    decoder(into)  # refuses a type that nothing can be decoded into, before anything is sent
    if not isinstance(query, (Mapping, type(None))):
        raise TypeError("query must be a mapping: names and values.")
    text_query("The names of query", list(query or ()))
    pairs = [pair for name, value in (query or {}).items() for pair in text_query(name, value)]
    return ApiRequest(
        method=method,
        template="(custom)",
        path=path if path.startswith("/api/") else PREFIX + path,
        into=into,
        query=tuple(pairs),
        body=None if body is msgspec.UNSET else encoded_json(body, "body"),
        timeout=checked_timeout(timeout),
    )


def page_query(
    limit: Optional[int], cursor: Optional[Id], filters: Query = ()
) -> list[tuple[str, str]]:
    """Make the query of a listing; what is None is left out.

    Args:
        limit: how many items a page has at most.
        cursor: where the page begins.
        filters: names and values that go first.

    Raises:
        TypeError: an argument has a type that cannot be sent.
        ValueError: an argument has a value that cannot be sent.
    """
    query = list(filters)
    if limit is not None:
        if isinstance(limit, bool) or not isinstance(limit, int):
            raise TypeError("limit must be a whole number.")
        query.append(("limit", str(limit)))
    if cursor is not None:
        query.append(("cursor", checked_id(cursor, "cursor")))
    return query


def text_query(name: str, value: Union[str, Collection[str], None]) -> list[tuple[str, str]]:
    """Make the part of a query that one argument fills; several values repeat the name.

    Raises:
        TypeError: the value is not text.
        ValueError: the text is broken Unicode.
    """
    values = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(values, Collection) or not all(isinstance(text, str) for text in values):
        raise TypeError(f"{name} must be text.")
    try:
        "".join(values).encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name} must not contain broken Unicode.") from None
    return [(name, text) for text in values]


def checked_id(value: Id, name: str) -> str:
    """Check an id and give it as text.

    Raises:
        TypeError: it is neither a string nor a UUID.
        ValueError: it is empty, a dot segment, or holds control characters.
    """
    if isinstance(value, UUID):
        return str(value)
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string or a UUID.")
    if value in {"", ".", ".."}:
        raise ValueError(f"{name} must be an id: it is empty or made of dots.")
    if not value.isprintable():
        raise ValueError(f"{name} must not contain control characters.")
    return value


def checked_timeout(timeout: Timeout) -> Optional[tuple[float, float]]:
    """Check a timeout and give it as seconds for connecting and for reading; None stays None.

    Raises:
        TypeError: it is neither a number nor a pair of numbers.
        ValueError: a number is not positive and finite.
    """
    if timeout is None:
        return None
    pair = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    if len(pair) != 2 or not all(
        isinstance(seconds, (int, float)) and not isinstance(seconds, bool) for seconds in pair
    ):
        raise TypeError("timeout must be a number of seconds, or a pair: (connect, read).")
    if not all(0 < seconds <= _LONGEST_TIMEOUT for seconds in pair):
        raise ValueError("timeout must be more than zero seconds, and a day at most.")
    return pair


def _segment(value: Id, name: str) -> str:
    return quote(checked_id(value, name), safe="")
