"""Requests never see each other's Auth, and leave nothing behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from uuid import uuid4

from tests.adapters.application import CHUNKS, PLACES, Place, room
from tests.adapters.contract import Guard, behaviour
from tests.adapters.messages import Request, authorization, bearer
from torii_backend import ToriiAuthError, Verifier
from torii_backend._keys.fetch import fetch

_CROWD = 12
_PATIENCE = 30
_SLOW = "https://slow.example"


@contextmanager
def _place(place: Place) -> Iterator[str]:
    """Open a place in the application; gives its path."""
    path = f"/meet/{uuid4().hex}"
    PLACES[path] = place
    try:
        yield path
    finally:
        del PLACES[path]


@behaviour
def concurrent_requests_keep_their_users(guard: Guard) -> None:
    users = [f"user-{number}" for number in range(_CROWD)]
    for required in (True, False):
        path = room(_CROWD)
        requests = [bearer(guard.token(user), path) for user in users]
        responses = guard.together(requests, required=required)
        for user, response in zip(users, responses):
            guard.assert_admitted(response, user)


@behaviour
def concurrent_requests_without_a_user_stay_without_one(guard: Guard) -> None:
    path = room(_CROWD)
    someone = bearer(guard.token(), path)
    requests = [someone if number % 2 else Request(path) for number in range(_CROWD)]
    responses = guard.together(requests, required=False)
    found = [response.json()["current"] for response in responses]
    assert found == [None, "ada"] * (_CROWD // 2)


class Release:
    """Lets go of a fetch that hangs, once it does and a request has come here."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self._hangs = threading.Event()
        self._over = threading.Event()

    def fetch(self, url: str, timeout: float) -> tuple[bytes, Mapping[str, str]]:
        if not url.startswith(_SLOW):
            return fetch(url, timeout)
        self._hangs.set()
        self._over.wait(_PATIENCE)
        raise OSError

    def meet(self) -> None:
        assert self._hangs.wait(_PATIENCE)
        self.events.append("passed")
        self._over.set()

    async def meet_async(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self.meet)

    def refused(self, refusal: ToriiAuthError) -> None:
        self.events.append(refusal.reason)


@behaviour
def a_request_that_waits_for_keys_delays_no_other(guard: Guard) -> None:
    """Neither other threads nor the event loop wait with it."""
    release = Release()
    verifier = Verifier([_SLOW, guard.issuers.home.issuer], fetch=release.fetch)
    slow = bearer(guard.token(iss=_SLOW))
    with _place(release) as path:
        responses = guard.together(
            [slow, bearer(guard.token(), path)], verifier=verifier, on_error=release.refused
        )
    assert [response.status for response in responses] == [503, 200]
    assert release.events == ["passed", "keys_unavailable"]


@behaviour
def concurrent_streams_keep_their_users(guard: Guard) -> None:
    users = [f"user-{number}" for number in range(_CROWD)]
    responses = guard.together([bearer(guard.token(user), "/stream") for user in users])
    assert [r.body.decode() for r in responses] == [f"{user}\n" * CHUNKS for user in users]


@behaviour
def concurrent_refusals_and_users_do_not_mix(guard: Guard) -> None:
    expired = bearer(guard.issuers.token(expires_in=-3600))
    requests = [guard.good(), Request(), expired, authorization("Bearer")] * 4
    responses = guard.together(requests)
    assert [response.status for response in responses] == [200, 401, 401, 400] * 4
    for index, refusal in ((1, "no_credentials"), (2, "expired"), (3, "malformed_credentials")):
        guard.assert_refused(responses[index], refusal)


@behaviour
def one_guard_serves_one_request_after_another(guard: Guard) -> None:
    app = guard.build({"issuer": guard.issuers.home.issuer, "required": False})
    for user in ("ada", None, "grace", None):
        request = Request() if user is None else bearer(guard.token(user))
        guard.assert_admitted(app(request), user)
    assert app(authorization("Bearer")).status == 400
    assert app(Request()).json()["current"] is None


@behaviour
def nothing_is_left_after_a_request_that_passes(guard: Guard) -> None:
    guard.forgets(guard.good(), 200)


@behaviour
def nothing_is_left_after_a_request_without_a_user(guard: Guard) -> None:
    guard.forgets(Request(), 200, required=False)
    guard.forgets(Request("/health"), 200, exempt=["/health"])


@behaviour
def nothing_is_left_after_a_refused_request(guard: Guard) -> None:
    guard.forgets(Request(), 401)
    guard.forgets(authorization("Bearer"), 400)
    guard.forgets(bearer(guard.issuers.token(expires_in=-3600)), 401)


@behaviour
def nothing_is_left_after_a_crash(guard: Guard) -> None:
    for target in ("/boom", "/auth-error"):
        guard.forgets(guard.good(target), 500)


@behaviour
def nothing_is_left_after_a_stream(guard: Guard) -> None:
    guard.forgets(guard.good("/stream"), 200)
