"""Application: the WSGI application that routes each request to its endpoint."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Request, Response

from torii_backend.emulator import admin_api, responses
from torii_backend.emulator.host_header import require_own_host
from torii_backend.emulator.rest.api import PREFIX
from torii_backend.emulator.rest.problem import problem_response
from torii_backend.emulator.routes import Route, Routes
from torii_backend.emulator.store.database import NotStored

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Application:
    """A WSGI application for a list of routes, on an emulator that serves on `host`."""

    def __init__(
        self, routes: Sequence[Route], host: str = "127.0.0.1", *, allow_remote: bool = False
    ) -> None:
        self._routes = Routes(routes)
        self._host = host
        self._allow_remote = allow_remote

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Handle one request (PEP 3333)."""
        return self._respond(Request(environ))(environ, start_response)

    def _respond(self, request: Request) -> Response:
        try:
            require_own_host(request, self._host, allow_remote=self._allow_remote)
            if request.path.startswith(admin_api.PREFIX):
                admin_api.require_local_origin(request)
            endpoint, values = self._routes.match(request.path, request.method)
            response = endpoint(request, **values)
        except HTTPException as error:
            return _error_response(request, error)
        except NotStored as error:
            return _error_response(request, _InsufficientStorage(str(error)))
        except ConnectionError:  # an outage or the stop of the emulator drops the connection
            raise
        except Exception:  # noqa: BLE001 (a bug in the emulator gets a response too)
            traceback.print_exc()
            return _error_response(request, InternalServerError())
        return response


class _InsufficientStorage(HTTPException):
    code = 507


def _error_response(request: Request, error: HTTPException) -> Response:
    if request.path.startswith(f"{PREFIX}/"):
        return problem_response(error)
    return responses.http_error_response(error)
