"""Which requests belong to Torii, and the target that is sent upstream. Pure.

The raw target decides, as the client sent it: it goes out byte for byte, so nothing may read it in a
second way. What a router might take for another path is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Union
from urllib.parse import quote, unquote_to_bytes

from torii_backend._guard.refusal import RefusalResponse
from torii_backend.proxy.refusal import NOT_FOUND, TARGET_TOO_LONG

_PREFIX = b"/_torii"
# A request without it isn't ours, and most are without it.
_WORD = "/_torii"
_MOST_BYTES = 8192

# RFC 9112 section 3.2.2.
_ABSOLUTE_FORM = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
# `#` ends a URL, so it can't be part of a target (RFC 9112 section 3.2).
_TARGET = re.compile(rb"[\x21\x22\x24-\x7e]+\Z")
# Dot segments, also with what Tomcat and others leave out from a `;` on; control characters; and the longer
# spellings of `.`, `/` and `\` that UTF-8 forbids (RFC 3629).
_UNSURE = re.compile(
    rb"/\.\.?(?:;[^/]*)?(?:/|\Z)"
    rb"|//|[\x00-\x1f\x7f\\\xc0\xc1]|\xe0[\x80-\x9f]|\xf0[\x80-\x8f]"
)
# Characters allowed unencoded in a path (RFC 3986 section 3.3), besides letters and digits.
_PCHAR = "/-._~!$&'()*+,;=:@"


# What a request gets: a target to send upstream, or a refusal, or it is the application's.
Taken = Union[bytes, RefusalResponse, None]


def take_environ(environ: Mapping[str, Any]) -> Taken:
    """Decide about a WSGI request, by its raw target from the root of the origin.

    If the server doesn't tell the target, the decoded path is encoded again, which turns `%2F` into `/`.
    """
    mount = environ.get("SCRIPT_NAME", "")
    sent = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if _WORD not in (sent or environ.get("PATH_INFO", "")) and _WORD not in mount:
        return None
    if sent:
        return upstream_target(_with_mount(_latin1(mount), _origin_form(_latin1(sent))))
    path = _quoted(_latin1(environ.get("PATH_INFO", "")))
    return upstream_target(
        _target(_with_mount(_latin1(mount), path), _latin1(environ.get("QUERY_STRING", "")))
    )


def take_scope(scope: Mapping[str, Any]) -> Taken:
    """Decide about an ASGI request or WebSocket, by its raw target from the root of the origin."""
    mount, raw_path = scope.get("root_path") or "", scope.get("raw_path")
    sent = scope["path"] if raw_path is None else raw_path.decode("latin-1")
    if _WORD not in sent and _WORD not in mount:
        return None
    path = _quoted(_utf8(sent)) if raw_path is None else raw_path.partition(b"?")[0]
    return upstream_target(
        _target(_with_mount(_utf8(mount), _origin_form(path)), scope.get("query_string") or b"")
    )


def upstream_target(target: bytes) -> Taken:
    """Decide about a raw target in origin-form (RFC 9112 section 3.2.1)."""
    path = target.partition(b"?")[0]
    if path != _PREFIX and not path.startswith(_PREFIX + b"/"):
        return None
    if len(target) > _MOST_BYTES:
        return TARGET_TOO_LONG
    return target if _TARGET.match(target) and _is_plain(path) else NOT_FOUND


def _target(path: bytes, query: bytes) -> bytes:
    return path + b"?" + query if query else path


def _is_plain(path: bytes) -> bool:
    """Return whether every reader of a path finds the same one, below the prefix."""
    return _UNSURE.search(unquote_to_bytes(path) if b"%" in path else path) is None


def _origin_form(target: bytes) -> bytes:
    """Drop scheme and host of a target in absolute-form: they never decide where it is sent."""
    absolute = _ABSOLUTE_FORM.match(target)
    if absolute is None:
        return target
    rest = target[absolute.end() :]
    return rest if rest.startswith(b"/") else b"/" + rest


def _with_mount(mount: bytes, target: bytes) -> bytes:
    """Put a mount point before a target that doesn't have it."""
    if not mount:
        return target
    mount = _quoted(mount.rstrip(b"/"))
    path = target.partition(b"?")[0]
    return target if path == mount or path.startswith(mount + b"/") else mount + target


def _latin1(text: str) -> bytes:
    """Return the bytes behind a text of WSGI (PEP 3333). What can't be sent gets a backslash: refused."""
    return text.encode("latin-1", "backslashreplace")


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _quoted(path: bytes) -> bytes:
    return quote(path, _PCHAR).encode("ascii")
