"""Untrusted JSON objects, decoded within bounds. Pure."""

from __future__ import annotations

from itertools import accumulate
from typing import Any, Callable, Optional, TypeVar

import msgspec

from torii_backend.auth import ReadOnlyDict

T = TypeVar("T")

# Each level of nesting takes some of the thread's stack, and the decoder has no limit of its own.
MAX_CONTAINERS = 1000
MAX_DEPTH = 64
MAX_PEEKED = MAX_DEPTH

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_NO_MARKS = bytes(set(range(256)) - set(b'[]{}"'))
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_STEPS = bytes.maketrans(b"[]", b"\x01\xff")
_ROUNDS = 3


def decode_object(text: bytes) -> dict[str, Any]:
    """Decode a JSON object (UTF-8) within MAX_CONTAINERS and MAX_DEPTH, or raise ValueError.

    Nested objects become read-only mappings, and arrays tuples. Of duplicate names the last counts.
    """
    return measured_object(text)[0]


def measured_object(text: bytes) -> tuple[dict[str, Any], int]:
    """Do as `decode_object`, and return also about how many bytes the object takes at most.

    A character takes up to 4 bytes, a member two objects and its place, a container a dict.
    """
    containers = require_few_containers(text)
    if containers > MAX_DEPTH and _depth(text) > MAX_DEPTH + 1:
        raise ValueError("too deeply nested")
    try:
        members = _decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise ValueError("not a JSON object") from None
    memory = 4 * len(text) + 300 * containers
    if containers == 1:
        return members, memory + 100 * len(members)
    nested = {name: _read_only(value) for name, value in members.items()}
    return nested, memory + 100 * text.count(b",")


def peek(text: bytes, decode: Callable[[bytes], T]) -> Optional[T]:
    """Decode some members of a JSON object that is not trusted, or raise ValueError.

    `decode` skips the others, which costs a tenth of decoding them. To count how deep they nest would
    cost more than all the rest. So this returns None if there are more than MAX_PEEKED of them.
    """
    if not is_peekable(text):
        return None
    text.decode()  # What is skipped is not checked for UTF-8.
    try:
        return decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise ValueError("not a JSON object") from None


def is_peekable(text: bytes) -> bool:
    """Return whether a text has at most MAX_PEEKED objects and arrays, counting brackets in strings."""
    # In a long text, to stop early takes a tenth of the time of `count`.
    pieces = text.split(b"{", MAX_PEEKED + 1), text.split(b"[", MAX_PEEKED + 1)
    return sum(map(len, pieces)) - 2 <= MAX_PEEKED


def require_few_containers(text: bytes) -> int:
    """Return how many objects and arrays a text has, or raise ValueError for over MAX_CONTAINERS."""
    containers = text.count(b"{") + text.count(b"[")
    if containers > MAX_CONTAINERS:
        raise ValueError("too many objects and arrays")
    return containers


def _depth(text: bytes) -> int:
    """Return how deep a JSON text nests, at least up to where it stops being JSON."""
    # Without escapes, each string is what stands between two quotes; two in a row enclose nothing.
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    marks = text.translate(_ONE_KIND, _NO_MARKS).replace(b'""', b"")
    if len(marks) > 4 * MAX_CONTAINERS:
        raise ValueError("too many objects and arrays")
    brackets = b"".join(marks.split(b'"')[::2])
    # Most of them go in the first rounds, which take less time than to count them one by one.
    for _ in range(_ROUNDS):
        brackets = brackets.replace(b"[]", b"")
    steps = memoryview(brackets.translate(_STEPS)).cast("b")
    return _ROUNDS + max(accumulate(steps), default=0)


def _read_only(value: Any) -> Any:
    if isinstance(value, list):
        return tuple([_read_only(member) for member in value])
    if isinstance(value, dict):
        return ReadOnlyDict({name: _read_only(member) for name, member in value.items()})
    return value
