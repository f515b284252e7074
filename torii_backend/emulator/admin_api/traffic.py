"""The admin API for traffic: health, the requests that came in, and responses that a test stages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Optional, Union

import msgspec
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Request, Response

from torii_backend.emulator.admin_api.control import Body, value_errors_as_400
from torii_backend.emulator.body import read_body
from torii_backend.emulator.request_log import RequestLog
from torii_backend.emulator.responses import json_response
from torii_backend.emulator.routes import Route


class _FaultRequest(Body):
    method: str
    path: str
    status: Union[int, str]
    times: int = 1
    code: Optional[str] = None
    retry_after: Optional[int] = None


class AdminApiTraffic:
    """The endpoints for health, the request log and staged responses."""

    def __init__(self, log: RequestLog, stage_response: Callable[..., None]) -> None:
        self._log = log
        self._stage_response = stage_response

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("GET", "/_emulator/health", self._health),
            Route("GET", "/_emulator/requests", self._requests),
            Route("GET", "/_emulator/requests/{n}", self._request),
            Route("POST", "/_emulator/faults", self._stage),
        ]

    def _health(self, _: Request) -> Response:
        return json_response({"status": "ok"})

    def _requests(self, _: Request) -> Response:
        return json_response({"requests": self._log.exchanges()})

    def _request(self, _: Request, n: str) -> Response:
        found = self._log.find(int(n)) if n.isascii() and n.isdigit() and len(n) < 16 else None
        if found is None:
            raise NotFound
        exchange, bodies = map(msgspec.to_builtins, found)
        return json_response({**exchange, **bodies})

    def _stage(self, request: Request) -> Response:
        body = read_body(request, _FaultRequest)
        with value_errors_as_400():
            self._stage_response(
                body.method,
                body.path,
                status=body.status,
                times=body.times,
                code=body.code,
                retry_after=body.retry_after,
            )
        return json_response({})
