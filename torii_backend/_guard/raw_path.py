"""The path of a request, as it was sent and as decoded, below the mount point. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# RFC 9112 section 3.2.2, as proxies send it.
_ABSOLUTE_FORM = re.compile(
    r"https?://(?:[^/?#@\[\]]+|\[[0-9A-Fa-f:.]+\](?::\d+)?)(/.*|)\Z", re.DOTALL
)


def environ_paths(environ: Mapping[str, Any]) -> tuple[str, str]:
    """Return the raw and the decoded path of a WSGI request, below the mount point (PEP 3333)."""
    path = _from_latin1(environ.get("PATH_INFO", "")) or "/"
    return target_paths(environ, _from_latin1(environ.get("SCRIPT_NAME", "")), path)


def target_paths(environ: Mapping[str, Any], mount: str, path: str) -> tuple[str, str]:
    """Return the raw path, if the server tells the request target, beside the decoded one.

    Args:
        environ: the WSGI environ.
        mount: the path of the mount point, decoded.
        path: the path below it, decoded.
    """
    target = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if not target:
        return path, path
    raw_path = target.partition("?")[0]
    absolute = _ABSOLUTE_FORM.match(raw_path)
    return _below(mount, (absolute[1] or "/") if absolute else raw_path), path


def scope_paths(scope: Mapping[str, Any]) -> tuple[str, str]:
    """Return the raw and the decoded path of an ASGI request, below the mount point.

    The raw path is empty if routers disagree about which part follows the mount point.
    """
    mount, path = scope.get("root_path") or "", scope["path"]
    raw_path = scope.get("raw_path")
    sent = path if raw_path is None else raw_path.decode("latin-1")
    # Litestar and Quart 0.20 route what follows the mount point, wherever in the path it is.
    is_clear = all(_is_below(mount, form) or mount not in form for form in (sent, path))
    return _below(mount, sent) if is_clear else "", _below(mount, path)


def _below(mount: str, path: str) -> str:
    return path[len(mount) :] or "/" if _is_below(mount, path) else path


def _is_below(mount: str, path: str) -> bool:
    return path == mount != "" or path.startswith(f"{mount}/")


def _from_latin1(value: str) -> str:
    return value.encode("latin-1", "replace").decode("utf-8", "replace")
