"""Requests never see each other's Auth, and leave nothing behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from uuid import uuid4

from tests.adapters.application import CHUNKS, PLACES, Place, room
from tests.adapters.contract import Guard, behaviour, behaviours
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


@behaviours(required=True, optional=False)
def requests_inside_the_application_at_once_keep_their_users(guard: Guard, required: bool) -> None:
    users = [f"user-{number}" for number in range(_CROWD)]
    path = room(_CROWD)
    requests = [bearer(guard.token(user), path) for user in users]
    responses = guard.together(requests, required=required)
    for user, response in zip(users, responses):
        assert response.json() == {"user_id": user, "current": user, "same": True}


@behaviour
def users_and_nobody_do_not_mix(guard: Guard) -> None:
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
        self.events.append("let in")
        self._over.set()

    async def meet_async(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self.meet)

    def refused(self, refusal: ToriiAuthError) -> None:
        self.events.append(refusal.reason)


@behaviour
def one_who_waits_for_keys_holds_up_nobody_else(guard: Guard) -> None:
    """Neither other threads nor the event loop wait with them."""
    release = Release()
    verifier = Verifier([_SLOW, guard.issuers.home.issuer], fetch=release.fetch)
    slow = bearer(guard.token(iss=_SLOW))
    with _place(release) as path:
        responses = guard.together(
            [slow, bearer(guard.token(), path)], verifier=verifier, on_error=release.refused
        )
    assert [response.status for response in responses] == [503, 200]
    assert release.events == ["let in", "keys_unavailable"]


@behaviour
def streams_at_once_keep_their_users(guard: Guard) -> None:
    users = [f"user-{number}" for number in range(_CROWD)]
    responses = guard.together([bearer(guard.token(user), "/stream") for user in users])
    assert [r.body.decode() for r in responses] == [f"{user}\n" * CHUNKS for user in users]


@behaviour
def refusals_and_users_at_once_do_not_mix(guard: Guard) -> None:
    expired = bearer(guard.issuers.token(expires_in=-3600))
    requests = [guard.good(), Request(), expired, authorization("Bearer")] * 4
    responses = guard.together(requests)
    assert [response.status for response in responses] == [200, 401, 401, 400] * 4
    for index, refusal in ((1, "no_credentials"), (2, "expired"), (3, "malformed_credentials")):
        guard.assert_refused(responses[index], refusal)


@behaviour
def one_guard_answers_one_request_after_another(guard: Guard) -> None:
    app = guard.build({"issuer": guard.issuers.home.issuer, "required": False})
    for user in ("ada", None, "grace", None):
        request = Request() if user is None else bearer(guard.token(user))
        assert app(request).json() == {"user_id": user, "current": user, "same": True}
    assert app(authorization("Bearer")).status == 400
    assert app(Request()).json()["current"] is None


@behaviour
def nothing_is_left_after_an_admitted_request(guard: Guard) -> None:
    guard.forgets(guard.good(), 200)


@behaviour
def nothing_is_left_after_a_request_of_nobody(guard: Guard) -> None:
    guard.forgets(Request(), 200, required=False)
    guard.forgets(Request("/health"), 200, exempt=["/health"])


@behaviour
def nothing_is_left_after_a_refused_request(guard: Guard) -> None:
    guard.forgets(Request(), 401)
    guard.forgets(authorization("Bearer"), 400)
    guard.forgets(bearer(guard.issuers.token(expires_in=-3600)), 401)


@behaviours(crash="/boom", auth_error="/auth-error")
def nothing_is_left_after_a_crash(guard: Guard, target: str) -> None:
    guard.forgets(guard.good(target), 500)


@behaviour
def nothing_is_left_after_a_stream(guard: Guard) -> None:
    guard.forgets(guard.good("/stream"), 200)
