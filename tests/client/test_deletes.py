"""Deleting a user twice, because the first response was lost, counts as done."""

from __future__ import annotations

from typing import Any, Callable

import pytest
import requests
from requests.adapters import HTTPAdapter

from torii_backend.client import Conflict, Forbidden, NotFound, ToriiClient

from .conftest import Connect
from .records import SESSION_ID, USER_ID
from .server import HANG_UP, ApiServer, Response, again, as_bytes, as_json

OTHERS: dict[str, Callable[[ToriiClient], None]] = {
    "sessions.revoke": lambda torii: torii.sessions.revoke(USER_ID, SESSION_ID),
    "sessions.revoke_all_for_user": lambda torii: torii.sessions.revoke_all_for_user(USER_ID),
    "request": lambda torii: torii.request("DELETE", "/things/1", into=type(None)),
}


class RefusedOnce(HTTPAdapter):
    """Sends the first request to a port that nothing listens on."""

    def __init__(self, nowhere: str) -> None:
        super().__init__()
        self._nowhere = [nowhere]

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        if self._nowhere:
            request.url = self._nowhere.pop()
        return super().send(request, *args, **kwargs)


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("lost", [again(502), again(503), again(504), HANG_UP])
def test_it_counts_as_done(
    server: ApiServer, patient: ToriiClient, lost: Response, status: int
) -> None:
    gone = as_json({"title": "No."}, status)
    server.respond_with(lost, gone)
    patient.users.delete(USER_ID)
    assert len(server.requests) == 2


def test_its_raw_response_is_the_one_received(server: ApiServer, patient: ToriiClient) -> None:
    gone = as_json({"title": "No."}, 404)
    server.respond_with(again(503), gone)
    response = patient.with_raw_response.users.delete(USER_ID)
    assert (response.status, response.value, response.body) == (404, None, gone.body)


@pytest.mark.parametrize(("status", "error"), [(403, Forbidden), (404, NotFound)])
@pytest.mark.parametrize("call", OTHERS.values(), ids=OTHERS)
def test_no_other_delete_does(
    server: ApiServer,
    patient: ToriiClient,
    call: Callable[[ToriiClient], None],
    status: int,
    error: type[Exception],
) -> None:
    """Revoking again returns 204, so a 4xx means that nothing was revoked."""
    server.respond_with(again(503), as_json({"title": "No."}, status))
    with pytest.raises(error):
        call(patient)
    assert len(server.requests) == 2


def test_a_pause_in_between_changes_nothing(server: ApiServer, patient: ToriiClient) -> None:
    server.respond_with(HANG_UP, again(429), as_json({}, 403))
    patient.users.delete(USER_ID)
    assert len(server.requests) == 3


@pytest.mark.parametrize(("status", "error"), [(403, Forbidden), (404, NotFound)])
def test_not_on_the_first_try(
    server: ApiServer, patient: ToriiClient, status: int, error: type[Exception]
) -> None:
    server.respond_with(as_json({}, status))
    with pytest.raises(error):
        patient.users.delete(USER_ID)


@pytest.mark.parametrize(("status", "error"), [(403, Forbidden), (404, NotFound)])
def test_not_after_a_429(
    server: ApiServer, patient: ToriiClient, status: int, error: type[Exception]
) -> None:
    """The server did nothing the first time."""
    server.respond_with(again(429), as_json({}, status))
    with pytest.raises(error):
        patient.users.delete(USER_ID)


def test_not_after_a_refused_connection(
    server: ApiServer, nowhere: str, session: requests.Session, connect: Connect
) -> None:
    server.respond_with(as_json({}, 404))
    session.mount("http://", RefusedOnce(nowhere))
    torii = connect(server.url, session=session)
    with pytest.raises(NotFound):
        torii.users.delete(USER_ID)
    assert len(server.requests) == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
def test_no_other_method(server: ApiServer, patient: ToriiClient, method: str) -> None:
    server.respond_with(again(503), as_json({}, 404))
    with pytest.raises(NotFound):
        patient.request(method, "/things")


def test_no_other_status(server: ApiServer, patient: ToriiClient) -> None:
    server.respond_with(again(503), as_json({"code": "invitation_not_pending"}, 409))
    with pytest.raises(Conflict):
        patient.invitations.revoke("invitation")


def test_a_success_whose_body_breaks_off_is_one(server: ApiServer, patient: ToriiClient) -> None:
    """Nobody reads that body; to revoke an invitation twice would be a conflict."""
    cut = Response(raw=[as_bytes(as_json({"status": "REVOKED"}))[:-3]])
    server.respond_with(cut, as_json({"code": "invitation_not_pending"}, 409))
    patient.invitations.revoke("invitation")
    assert len(server.requests) == 1
