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

PREFIX = b"/_torii"
_MOST_BYTES = 8192

# RFC 9112 section 3.2.2.
_ABSOLUTE_FORM = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
# `#` ends a URL, so it can't be part of a target (RFC 9112 section 3.2).
_TARGET = re.compile(rb"[\x21\x22\x24-\x7e]+\Z")
# Control characters, and the longer spellings of `.`, `/` and `\` that UTF-8 forbids (RFC 3629).
_UNSURE = re.compile(rb"[\x00-\x1f\x7f\\\xc0\xc1]|//|\xe0[\x80-\x9f]|\xf0[\x80-\x8f]")
# Characters allowed unencoded in a path (RFC 3986 section 3.3), besides letters and digits.
_PCHAR = "/-._~!$&'()*+,;=:@"


def environ_target(environ: Mapping[str, Any]) -> bytes:
    """Return the raw target of a WSGI request, from the root of the origin.

    If the server doesn't tell the target, the decoded path is encoded again, which turns `%2F` into `/`.
    """
    # Percent-encoded, so that it has the form of a raw target.
    mount = _quoted(environ.get("SCRIPT_NAME", "").encode("latin-1", "replace"))
    sent = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if sent:
        return _with_mount(mount, _origin_form(sent.encode("latin-1", "replace")))
    path = _quoted(environ.get("PATH_INFO", "").encode("latin-1", "replace"))
    query = environ.get("QUERY_STRING", "").encode("latin-1", "replace")
    return mount + path + (b"?" + query if query else b"")


def scope_target(scope: Mapping[str, Any]) -> bytes:
    """Return the raw target of an ASGI request, from the root of the origin."""
    mount = _quoted((scope.get("root_path") or "").encode("utf-8", "replace"))
    raw_path, query = scope.get("raw_path"), scope.get("query_string") or b""
    path = _quoted(scope["path"].encode("utf-8", "replace")) if raw_path is None else raw_path
    # Some clients of tests put the query here as well.
    path = _with_mount(mount, _origin_form(path.partition(b"?")[0]))
    return path + (b"?" + query if query else b"")


def upstream_target(target: bytes) -> Union[bytes, RefusalResponse, None]:
    """Return the target to send upstream, the refusal of one that is unsafe, or None if it isn't ours.

    Args:
        target: in origin-form (RFC 9112 section 3.2.1).
    """
    path = target.partition(b"?")[0]
    if path != PREFIX and not path.startswith(PREFIX + b"/"):
        return None
    if len(target) > _MOST_BYTES:
        return TARGET_TOO_LONG
    return target if _TARGET.match(target) and _is_plain(path) else NOT_FOUND


def _is_plain(path: bytes) -> bool:
    """Return whether every reader of a path finds the same one, below the prefix."""
    decoded = unquote_to_bytes(path)
    if _UNSURE.search(decoded):
        return False
    # Some servers, such as Tomcat, leave out what follows a `;` before they resolve dots.
    return all(part.partition(b";")[0] not in (b".", b"..") for part in decoded.split(b"/"))


def _origin_form(target: bytes) -> bytes:
    """Drop scheme and host of a target in absolute-form: they never decide where it is sent."""
    absolute = _ABSOLUTE_FORM.match(target)
    if absolute is None:
        return target
    rest = target[absolute.end() :]
    return rest if rest.startswith(b"/") else b"/" + rest


def _with_mount(mount: bytes, target: bytes) -> bytes:
    path = target.partition(b"?")[0]
    is_below = path == mount or path.startswith(mount + b"/")
    return target if not mount or is_below else mount + target


def _quoted(path: bytes) -> bytes:
    return quote(path, _PCHAR).encode("ascii")
