"""The routes for front-ends. Their endpoints are imported when one is first requested, so that a start takes less time."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Optional

from werkzeug.wrappers import Request, Response

from torii_backend.emulator.front.frontend import Frontend
from torii_backend.emulator.front.settings import FrontSettings
from torii_backend.emulator.front.shapes import ENDPOINTS
from torii_backend.emulator.routes import Route
from torii_backend.emulator.tenant import REDEEM_PATH
from torii_backend.errors import ConfigurationError

_PATH = re.compile(r"/_torii(?:/[A-Za-z][A-Za-z0-9._~-]*)+")

_Endpoint = Callable[..., Response]


class FrontRoutes:
    """The routes. Threads may share it: two that import the endpoints at once get the same."""

    def __init__(self, frontend: Frontend, settings: FrontSettings, refresh_path: str) -> None:
        self._frontend = frontend
        self._settings = settings
        self._refresh_path = refresh_path
        self._imported: Optional[dict[tuple[str, str], _Endpoint]] = None

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(method, path, partial(self._respond, (method, path)))
            for method, path in (*ENDPOINTS, ("POST", self._refresh_path))
        ]

    def _respond(self, key: tuple[str, str], request: Request, **ids: str) -> Response:
        return self._endpoints()[key](request, **ids)

    def _endpoints(self) -> dict[tuple[str, str], _Endpoint]:
        if self._imported is None:
            from torii_backend.emulator.front.endpoints import endpoints

            found = endpoints(self._frontend, self._settings, self._refresh_path)
            self._imported = {(each.method, each.path): each.endpoint for each in found}
        return self._imported


def require_refresh_path(path: str) -> str:
    """Return a free path below `/_torii/`, which is what a first-party proxy forwards."""
    if not isinstance(path, str) or _PATH.fullmatch(path) is None or _is_taken(path):
        raise ConfigurationError(
            "refresh_path must be a free path below /_torii/, such as /_torii/auth/session/refresh."
        )
    return path


def _is_taken(path: str) -> bool:
    paths = {each for _, each in ENDPOINTS} | {REDEEM_PATH}
    taken = re.compile("|".join(re.sub(r"{\w+}", "[^/]+", each) for each in paths))
    return taken.fullmatch(path) is not None
