"""Application: the WSGI application that routes each request to its endpoint."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Optional

from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Request, Response

from torii_backend.emulator import responses
from torii_backend.emulator.clock import Clock
from torii_backend.emulator.host_header import OwnHosts
from torii_backend.emulator.origins import Origins
from torii_backend.emulator.request_log import RequestLog
from torii_backend.emulator.rest.api import PREFIX
from torii_backend.emulator.rest.problem import problem_response
from torii_backend.emulator.routes import Route, Routes
from torii_backend.emulator.store.database import NotStored

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Application:
    """A WSGI application for a list of routes, the same for all requests to an emulator."""

    def __init__(
        self,
        routes: Sequence[Route],
        hosts: Optional[OwnHosts] = None,
        origins: Optional[Origins] = None,
        log: Optional[RequestLog] = None,
        clock: Optional[Clock] = None,
    ) -> None:
        self._routes = Routes(routes)
        self._hosts = hosts or OwnHosts()
        self._origins = origins or Origins()
        self._log = log or RequestLog()
        self._clock = clock or Clock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Handle one request (PEP 3333)."""
        request, began = Request(environ), time.perf_counter()
        response: Optional[Response] = None
        try:
            response = self._respond(request)
            return response(environ, start_response)
        finally:
            self._log.record(request, response, began)

    def _respond(self, request: Request) -> Response:
        try:
            self._hosts.require(request)
        except HTTPException as error:
            return _error_response(request, error)
        try:
            response = self._respond_to_own(request)
        except HTTPException as error:
            response = _error_response(request, error)
        except NotStored as error:
            response = _error_response(request, _InsufficientStorage(str(error)))
        except ConnectionError:  # an outage or the stop of the emulator drops the connection
            raise
        except Exception:  # noqa: BLE001 (a bug in the emulator gets a response too)
            traceback.print_exc()
            response = _error_response(request, InternalServerError())
        self._origins.share(request, response)
        return response

    def _respond_to_own(self, request: Request) -> Response:
        if self._origins.is_preflight(request):
            return self._origins.preflight(request, self._routes.methods(request.path))
        self._origins.require(request)
        endpoint, values = self._routes.match(request.path, request.method)
        with self._clock.in_use():
            response = endpoint(request, **values)
        self._origins.require_page(request, response)
        return response


class _InsufficientStorage(HTTPException):
    code = 507


def _error_response(request: Request, error: HTTPException) -> Response:
    if request.path.startswith(f"{PREFIX}/"):
        return problem_response(error)
    return responses.http_error_response(error)
