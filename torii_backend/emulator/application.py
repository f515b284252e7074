"""Application: the WSGI application that hands each request to its endpoint."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from torii_backend.emulator import answers
from torii_backend.emulator.rest.api import PREFIX, IdConverter
from torii_backend.emulator.rest.problem import problem_answer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Application:
    """A WSGI application over routes.

    Args:
        rules: the routes; the endpoint of each is a callable that takes the request, and the
            values in the path by keyword, and gives the answer.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._routes = Map(rules, merge_slashes=False, converters={"id": IdConverter})

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; refusals are answers too (PEP 3333)."""
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        try:
            # The Host header picks nothing here, so routing gets a fixed one.
            endpoint, values = self._routes.bind("localhost").match(request.path, request.method)
            answer: Response = endpoint(request, **values)
        except HTTPException as error:
            return _refusal(request, error)
        except ConnectionError:  # how an outage, or the end of the emulator, drops a request
            raise
        except Exception:  # noqa: BLE001 (a defect of ours is an answer as well)
            traceback.print_exc()
            return _refusal(request, InternalServerError())
        return answer


def _refusal(request: Request, error: HTTPException) -> Response:
    if request.path.startswith(PREFIX):
        return problem_answer(error)
    return answers.refusal(error)
