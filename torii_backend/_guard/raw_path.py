"""The path of a request, as it was sent and as decoded, below the mount point and with it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Optional

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
    sent = _sent(environ)
    return path if sent is None else _below(mount, sent), path


def full_environ_paths(environ: Mapping[str, Any]) -> tuple[str, str]:
    """Return the raw and the decoded path of a WSGI request, with the mount point."""
    mount = _from_latin1(environ.get("SCRIPT_NAME", ""))
    return full_target_paths(environ, mount, _from_latin1(environ.get("PATH_INFO", "")))


def full_target_paths(environ: Mapping[str, Any], mount: str, path: str) -> tuple[str, str]:
    """Return what `target_paths` does, with the mount point."""
    sent = _sent(environ)
    return mount + path if sent is None else _with_mount(mount, sent), mount + path


def _sent(environ: Mapping[str, Any]) -> Optional[str]:
    """Return the path of the request target, if the server tells it."""
    target = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if not target:
        return None
    raw_path: str = target.partition("?")[0]
    absolute = _ABSOLUTE_FORM.match(raw_path)
    return (absolute[1] or "/") if absolute else raw_path


def scope_paths(scope: Mapping[str, Any]) -> tuple[str, str]:
    """Return the raw and the decoded path of an ASGI request, below the mount point.

    The raw path is empty if routers disagree about which part follows the mount point.
    """
    mount, sent, path = _mount_and_paths(scope)
    # Litestar and Quart 0.20 route what follows the mount point, wherever in the path it is.
    is_clear = all(_is_below(mount, form) or mount not in form for form in (sent, path))
    return _below(mount, sent) if is_clear else "", _below(mount, path)


def full_scope_paths(scope: Mapping[str, Any]) -> tuple[str, str]:
    """Return the raw and the decoded path of an ASGI request, with the mount point."""
    mount, sent, path = _mount_and_paths(scope)
    return _with_mount(mount, sent), _with_mount(mount, path)


def is_declared(scope: Mapping[str, Any], root_path: str) -> bool:
    """Return whether the mount point of an ASGI request was chosen by the application.

    Args:
        scope: the ASGI scope.
        root_path: the mount point that a guard was given; empty if none.
    """
    mount = scope.get("root_path") or ""
    # Starlette's Mount appends its path to the root_path, and keeps the server's part here.
    served_at = scope.get("app_root_path", mount)
    # FastAPI(root_path=...) replaces what the server says.
    declared = ("", root_path, getattr(scope.get("app"), "root_path", ""))
    return mount in ("", root_path) or served_at in declared


def _mount_and_paths(scope: Mapping[str, Any]) -> tuple[str, str, str]:
    raw_path, path = scope.get("raw_path"), scope["path"]
    sent = path if raw_path is None else raw_path.decode("latin-1")
    return scope.get("root_path") or "", sent, path


def _with_mount(mount: str, path: str) -> str:
    return path if _is_below(mount, path) else mount + path


def _below(mount: str, path: str) -> str:
    return path[len(mount) :] or "/" if _is_below(mount, path) else path


def _is_below(mount: str, path: str) -> bool:
    return path == mount != "" or path.startswith(f"{mount}/")


def _from_latin1(value: str) -> str:
    return value.encode("latin-1", "replace").decode("utf-8", "replace")
