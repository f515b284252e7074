"""StagedResponses: the next calls of a route get an error, or a late response, on purpose.

`_queues` has what is staged for each route that `with_staged` was given. The lock guards it. A `slow` call
waits for `_cleared`, an Event that `clear` sets and replaces, so that a reset or a stop releases it.
An outage comes first: a call that it affects uses up nothing that is staged.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Event, Lock
from typing import Literal, Optional, Union

from werkzeug.wrappers import Request, Response

from torii_backend.emulator.responses import error_response
from torii_backend.emulator.rest.api import PREFIX
from torii_backend.emulator.rest.problem import Problem, problem_response
from torii_backend.emulator.routes import Route

StagedStatus = Union[int, Literal["slow"]]

_CODES: dict[StagedStatus, str] = {
    400: "invalid_request",
    401: "unauthorized",
    402: "payment_required",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    422: "unprocessable_content",
    429: "rate_limited",
    500: "internal_error",
    502: "bad_gateway",
    503: "unavailable",
    504: "gateway_timeout",
}
_SLOW_SECONDS = 2.0
_MAX_STAGED = 100
_MAX_TIMES = 1000
_MAX_RETRY_AFTER = 24 * 60 * 60
_CODE = re.compile(r"[a-z][a-z0-9_]{0,99}")

_Key = tuple[str, str]


@dataclass
class _Staged:
    """A response, and for how many more calls it is staged."""

    status: StagedStatus
    left: int
    code: str
    retry_after: Optional[int]


class StagedResponses:
    """What is staged. Threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._queues: dict[_Key, deque[_Staged]] = {}
        self._cleared = Event()

    def with_staged(self, routes: Iterable[Route]) -> list[Route]:
        """Return routes for which responses can be staged."""
        return [self._with_staged(route) for route in routes]

    def stage(
        self,
        method: str,
        path: str,
        status: StagedStatus,
        *,
        times: int = 1,
        code: Optional[str] = None,
        retry_after: Optional[int] = None,
    ) -> None:
        """Stage a response for the next calls of a route. Raise ValueError for an invalid argument."""
        staged = _Staged(
            _require_status(status),
            _require_number("times", times, 1, _MAX_TIMES),
            _require_code(code) or _CODES.get(status, ""),
            _retry_after(status, retry_after),
        )
        with self._lock:
            if sum(map(len, self._queues.values())) >= _MAX_STAGED:
                raise ValueError(
                    f"status must be staged at most {_MAX_STAGED} times before a reset."
                )
            self._queue(method, path).append(staged)

    def clear(self) -> None:
        """Forget what is staged, and release the calls that are slow."""
        with self._lock:
            for queue in self._queues.values():
                queue.clear()
            self._cleared.set()
            self._cleared = Event()

    def _queue(self, method: str, path: str) -> deque[_Staged]:
        for full in (f"{PREFIX}{path}", str(path)):
            queue = self._queues.get((str(method).upper(), _template(full)))
            if queue is not None:
                return queue
        raise ValueError(
            "path must be that of a call with this method, such as /users/{userId}, below "
            f"{PREFIX} or on the tenant host."
        )

    def _with_staged(self, route: Route) -> Route:
        queue = self._queues.setdefault((route.method, _template(route.path)), deque())

        def respond(request: Request, **values: str) -> Response:
            staged, cleared = self._take(queue)
            if staged is None:
                return route.endpoint(request, **values)
            if staged.status != "slow":
                return _response(request, staged.status, staged)
            cleared.wait(_SLOW_SECONDS)
            return route.endpoint(request, **values)

        return route._replace(endpoint=respond)

    def _take(self, queue: deque[_Staged]) -> tuple[Optional[_Staged], Event]:
        with self._lock:
            staged = queue[0] if queue else None
            if staged is not None:
                staged.left -= 1
                if not staged.left:
                    queue.popleft()
            return staged, self._cleared


def _response(request: Request, status: int, staged: _Staged) -> Response:
    detail = "This response was staged."
    if request.path.startswith(f"{PREFIX}/"):
        response = problem_response(Problem(status, staged.code, detail))
    else:
        response = error_response(status, staged.code, detail)
    if staged.retry_after is not None:
        response.headers["Retry-After"] = str(staged.retry_after)
    return response


def _template(path: str) -> str:
    """Return a path that has the same placeholder for each id, whatever its name."""
    return re.sub(r"\{\w+\}", "{}", path)


def _require_status(status: StagedStatus) -> StagedStatus:
    if status != "slow" and (isinstance(status, bool) or status not in _CODES):
        raise ValueError(f"status must be slow or one of {', '.join(map(str, _CODES))}.")
    return status


def _require_code(code: Optional[str]) -> Optional[str]:
    if code is not None and not (isinstance(code, str) and _CODE.fullmatch(code)):
        raise ValueError("code must be a word in lower case, such as email_taken.")
    return code


def _retry_after(status: StagedStatus, seconds: Optional[int]) -> Optional[int]:
    if seconds is None:
        return 1 if status == 429 else None
    return _require_number("retry_after", seconds, 0, _MAX_RETRY_AFTER)


def _require_number(name: str, number: int, least: int, most: int) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
        raise ValueError(f"{name} must be a whole number from {least} to {most}.")
    return number
