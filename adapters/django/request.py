"""DjangoRequest: what a guard reads of a request, in Django's terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from django.conf import settings
from django.http import HttpRequest

from torii_backend._guard.raw_path import (
    full_scope_paths,
    full_target_paths,
    is_declared,
    scope_paths,
    target_paths,
)
from torii_backend._guard.request import WSGIRequest


class DjangoRequest(WSGIRequest):
    """A request as Django routes it, which may differ from what the server sent."""

    __slots__ = ("request",)

    def __init__(self, request: HttpRequest) -> None:
        self.environ: Mapping[str, Any] = request.META
        # Not from META: another middleware may have changed the method, and views see this one.
        self.method: str = request.method or ""
        self.request: HttpRequest = request

    def paths(self) -> tuple[str, str]:
        """Return the raw path and the one that Django routes by, both below the mount point."""
        path = self.request.path_info
        scope = self._scope()
        if scope is None:
            return target_paths(self.environ, self._mount(), path)
        raw_path, _ = scope_paths(scope)
        return raw_path, path

    def full_paths(self) -> tuple[str, str]:
        """Return the raw path and the one that Django routes by, both with the mount point."""
        mount, path = self._mount(), self.request.path_info
        scope = self._scope()
        if scope is None:
            return full_target_paths(self.environ, mount, path)
        raw_path, _ = full_scope_paths(scope)
        return raw_path, mount + path

    def is_mounted_at(self, root_path: str) -> bool:
        """Return whether the project chose the mount point, also by FORCE_SCRIPT_NAME."""
        mount = self._mount()
        if mount == (settings.FORCE_SCRIPT_NAME or "").rstrip("/"):
            return True
        return is_declared(self._scope() or {"root_path": mount}, root_path)

    def _mount(self) -> str:
        # From the server, or FORCE_SCRIPT_NAME.
        mount: str = self.environ.get("SCRIPT_NAME", "")
        return mount.rstrip("/")

    def _scope(self) -> Optional[dict[str, Any]]:
        scope = getattr(self.request, "scope", None)
        return None if scope is None else {**scope, "root_path": self._mount()}
