"""DjangoRequest: what a guard reads of a request, in Django's terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from torii_backend._guard.raw_path import scope_paths, target_paths
from torii_backend._guard.request import WSGIRequest


class DjangoRequest(WSGIRequest):
    """A request as Django routes it, which may differ from what the server sent."""

    __slots__ = ("_request",)

    def __init__(self, request: HttpRequest) -> None:
        self.environ: Mapping[str, Any] = request.META
        # Not from META: another middleware may have changed the method, and views see this one.
        self.method: str = request.method or ""
        self._request = request

    def paths(self) -> tuple[str, str]:
        """Return the raw path and the one that Django routes by, both below the mount point."""
        # SCRIPT_NAME comes from the server or from FORCE_SCRIPT_NAME.
        mount = self.environ.get("SCRIPT_NAME", "").rstrip("/")
        path = self._request.path_info
        scope = getattr(self._request, "scope", None)
        if scope is None:
            return target_paths(self.environ, mount, path)
        raw_path, _ = scope_paths({**scope, "root_path": mount})
        return raw_path, path
