"""ApiRequest: one call of the REST API, checked before anything is sent. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Generic, Optional, TypeVar, Union
from urllib.parse import quote, unquote, urlencode
from uuid import UUID

import msgspec

from torii_backend.client._transport.body import encode_body, encode_json
from torii_backend.client._transport.response import decoder
from torii_backend.client.inputs import Input
from torii_backend.client.types import Id, Query, QueryPairs, Timeout

T = TypeVar("T")

PREFIX = "/api/server/v1"

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PATH = re.compile(r"/(?!/)(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*\Z")
_LONGEST_TIMEOUT = 24 * 60 * 60


class ApiRequest(msgspec.Struct, Generic[T], frozen=True):
    """What to send, and how to decode the response."""

    method: str
    template: str  # the path for logs, with the names of ids instead of the ids
    path: str  # percent-encoded, from the root of the host
    into: Any  # the type of the response's body; NoneType if it has no meaning
    query: tuple[tuple[str, str], ...] = ()
    body: Optional[bytes] = None
    timeout: Optional[tuple[float, float]] = None
    is_repeatable: bool = False  # doing it twice is the same as doing it once
    revokes: Optional[str] = None  # the user whose access tokens must no longer be accepted
    # What Torii responds with if it was done before: statuses, and members of the problem.
    done_before: tuple[tuple[int, Mapping[str, str]], ...] = ()

    def __repr__(self) -> str:
        return f"ApiRequest({self.method} {self.template})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("method", self.method), ("template", self.template)]

    @property
    def target(self) -> str:
        """The path and the encoded query."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path


def describe(
    method: str,
    template: str,
    ids: Optional[Mapping[str, Id]] = None,
    *,
    into: Any,
    query: QueryPairs = (),
    body: Optional[Input] = None,
    timeout: Timeout = None,
    is_repeatable: Optional[bool] = None,
    revokes: Optional[Id] = None,
    done_before: tuple[tuple[int, Mapping[str, str]], ...] = (),
) -> ApiRequest[Any]:
    """Describe a call of a published operation; `template` is the path below /api/server/v1.

    All calls but those by POST can be repeated, unless `is_repeatable` says otherwise.
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
        body=None if body is None else encode_body(body),
        timeout=require_timeout(timeout),
        is_repeatable=method != "POST" if is_repeatable is None else is_repeatable,
        revokes=None if revokes is None else str(revokes),
        done_before=done_before,
    )


def describe_custom(
    method: str,
    path: str,
    *,
    into: Any,
    query: Query,
    body: Any,
    timeout: Timeout,
) -> ApiRequest[Any]:
    """Describe a call of an operation that this package does not know; UNSET sends no body."""
    if method not in _METHODS:
        raise ValueError(f"method must be one of {', '.join(_METHODS)}.")
    if not isinstance(path, str):
        raise TypeError("path must be a string, such as /users.")
    if not _PATH.match(path) or {".", ".."} & set(unquote(path).split("/")):
        raise ValueError(
            "path must be percent-encoded and begin with a slash, such as /users/1. "
            "Leave out the query and dot segments."
        )
    decoder(into)  # rejects a type that msgspec can't decode, before anything is sent
    if not isinstance(query, (Mapping, type(None))):
        raise TypeError("query must be a mapping of names and values, such as {'limit': '5'}.")
    query_pairs("Every name in query", list(query or ()))
    pairs = [pair for name, value in (query or {}).items() for pair in query_pairs(name, value)]
    return ApiRequest(
        method=method,
        template="(custom)",
        path=path if path.startswith("/api/") else PREFIX + path,
        into=into,
        query=tuple(pairs),
        body=None if body is msgspec.UNSET else encode_json(body, "body"),
        timeout=require_timeout(timeout),
        is_repeatable=method != "POST",
    )


def page_query(limit: Optional[int], cursor: Optional[Id]) -> list[tuple[str, str]]:
    """Make the query of a page, without arguments that are None."""
    query: list[tuple[str, str]] = []
    if limit is not None:
        if isinstance(limit, bool) or not isinstance(limit, int):
            raise TypeError("limit must be an int, such as 50.")
        query.append(("limit", str(limit)))
    if cursor is not None:
        query.append(("cursor", require_id(cursor, "cursor")))
    return query


def query_pairs(name: str, value: Union[str, Collection[str], None]) -> list[tuple[str, str]]:
    """Make the query of one argument; several values repeat the name."""
    values = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(values, Collection) or not all(isinstance(text, str) for text in values):
        raise TypeError(f"{name} must be a string or a collection of strings.")
    try:
        "".join(values).encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name} must be valid Unicode, without lone surrogates.") from None
    return [(name, text) for text in values]


def require_id(value: Id, name: str) -> str:
    """Return an id as text."""
    if isinstance(value, UUID):
        return str(value)
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string or a UUID.")
    if value in {"", ".", ".."}:
        raise ValueError(f"{name} must be an id. It is empty or a dot segment.")
    if not value.isprintable():
        raise ValueError(f"{name} must be printable, without control characters.")
    return value


def require_timeout(timeout: Timeout) -> Optional[tuple[float, float]]:
    """Return a timeout as a (connect, read) pair of seconds; None if it is None."""
    if timeout is None:
        return None
    pair = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    if len(pair) != 2 or not all(
        isinstance(seconds, (int, float)) and not isinstance(seconds, bool) for seconds in pair
    ):
        raise TypeError("timeout must be seconds, such as 10, or a (connect, read) pair of them.")
    if not all(0 < seconds <= _LONGEST_TIMEOUT for seconds in pair):
        raise ValueError("timeout must be more than 0 seconds and at most a day, such as 10.")
    return pair


def _segment(value: Id, name: str) -> str:
    return quote(require_id(value, name), safe="")
