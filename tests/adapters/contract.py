"""What every adapter has to do: the list of behaviours, and the guard that each is run against."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional, Union, cast

import pytest

from tests.installed import is_left_out
from torii_backend import ConfigurationError, current_auth

from .issuers import Issuers
from .messages import Request, Response, bearer
from .refusals import REFUSALS, assert_refused
from .transport import AsyncCall, Call

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from torii_backend._guard.options import GuardOptions


# Of frameworks that have none of their own.
_ADAPTERS = {
    "bottle_app": "wsgi",
    "falcon_asgi": "asgi",
    "falcon_wsgi": "wsgi",
    "litestar_app": "asgi",
    "pyramid_app": "wsgi",
    "quart_app": "asgi",
    "starlette_app": "asgi",
}
_NAMES = ("asgi", "django", "drf", "fastapi", "flask", "ninja", "wsgi")


class Driver(NamedTuple):
    """How one adapter is put to work.

    Attributes:
        name: the name of its module in `drivers`.
        build: guards the application with these options; gives what serves one request, as a plain
            function or a coroutine function.
        envelope: turns the bytes of a refusal into what the framework makes of them.
    """

    name: str
    build: Callable[[GuardOptions], Union[Call, AsyncCall]]
    envelope: Callable[[bytes], bytes]


def drivers_in(package: str, path: Iterable[str]) -> tuple[list[str], list[Driver]]:
    """Load the drivers of a package; gives all their names, and those whose framework is here."""
    names = sorted(module.name for module in iter_modules(path))
    found: list[Driver] = []
    for name in names:
        try:
            module = import_module(f"{package}.{name}")
        except ModuleNotFoundError as error:
            if not is_left_out(error.name or ""):
                raise
        else:
            found.append(Driver(name, module.build, getattr(module, "envelope", bytes)))
    return names, found


class Guard:
    """One adapter at work, between the issuers and the application."""

    def __init__(self, driver: Driver, issuers: Issuers) -> None:
        self.issuers = issuers
        self._driver = driver

    @property
    def adapter(self) -> str:
        """The name of the adapter in logs."""
        name = self._driver.name
        return _ADAPTERS.get(name) or next(each for each in _NAMES if name.startswith(each))

    def build(self, options: GuardOptions) -> Call:
        """Guard an application with exactly these options."""
        call = self._driver.build(options)
        return lambda request: copy_context().run(_served, call, request)

    def call(self, request: Request, **options: Unpack[GuardOptions]) -> Response:
        """Serve one request with `serving`."""
        return self.serving(**options)(request)

    def serving(self, **options: Unpack[GuardOptions]) -> Call:
        """Guard an application; the home issuer is trusted unless the options name another."""
        return self.build(self._trusting(options))

    def admits(
        self, request: Request, user_id: Optional[str] = "ada", **options: Unpack[GuardOptions]
    ) -> None:
        """Assert that a request passes, and as which user; None is none."""
        self.assert_admitted(self.call(request, **options), user_id)

    def assert_admitted(self, response: Response, user_id: Optional[str] = "ada") -> None:
        assert response.status == 200
        assert response.json() == {"user_id": user_id, "current": user_id, "same": True}

    def refuses(self, request: Request, refusal: str, **options: Unpack[GuardOptions]) -> None:
        """Assert that a request is refused in exactly one way."""
        response = self.call(request, **options)
        self.assert_refused(response, refusal, head=request.method == "HEAD")

    def assert_refused(self, response: Response, refusal: str, *, head: bool = False) -> None:
        expected = REFUSALS[refusal]
        assert_refused(response, expected, self._driver.envelope(expected.body), head=head)

    def enveloped(self, body: bytes) -> bytes:
        """Give the body of a refusal as this adapter's framework sends it."""
        return self._driver.envelope(body)

    def together(
        self, requests: Iterable[Request], **options: Unpack[GuardOptions]
    ) -> list[Response]:
        """Serve many requests at the same time: in threads, or in the tasks of one event loop."""
        waiting = list(requests)
        call = self._driver.build(self._trusting(options))
        if asyncio.iscoroutinefunction(call):
            return asyncio.run(_gathered(call, waiting))
        with ThreadPoolExecutor(len(waiting)) as pool:
            return list(pool.map(cast("Call", call), waiting))

    def forgets(self, request: Request, status: int, **options: Unpack[GuardOptions]) -> None:
        """Assert that nothing of a request is left in the context that served it."""
        call = self._driver.build(self._trusting(options))
        response = copy_context().run(_served, call, request, then=_assert_nobody)
        assert response.status == status

    def token(self, user_id: str = "ada", **claims: Any) -> str:
        return self.issuers.token(user_id, **claims)

    def good(self, target: str = "/me", *, method: str = "GET") -> Request:
        """Make a request with a good token."""
        return bearer(self.token(), target, method=method)

    def _trusting(self, options: GuardOptions) -> GuardOptions:
        if options.keys() & {"issuer", "verifier"}:
            return options
        return {**options, "issuer": self.issuers.home.issuer}


Behaviour = Callable[[Guard], None]

BEHAVIOURS: dict[str, Behaviour] = {}


def behaviour(check: Behaviour) -> Behaviour:
    """Put a function on the list; its name says what adapters do."""
    assert check.__name__ not in BEHAVIOURS
    BEHAVIOURS[check.__name__] = check
    return check


def _served(
    call: Union[Call, AsyncCall], request: Request, then: Callable[[], object] = object
) -> Response:
    """Serve one request, and do something in the very context in which it was served."""
    if not asyncio.iscoroutinefunction(call):
        response = cast("Call", call)(request)
        then()
        return response

    async def serve() -> Response:
        response: Response = await call(request)
        then()
        return response

    return asyncio.run(serve())


async def _gathered(call: AsyncCall, requests: list[Request]) -> list[Response]:
    return list(await asyncio.gather(*[call(request) for request in requests]))


def _assert_nobody() -> None:
    with pytest.raises(ConfigurationError, match="outside a guarded request"):
        current_auth()
