"""A delete whose first answer was lost finds nothing left to delete, and counts as done."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from torii_backend import Conflict, Forbidden, NotFound
from torii_backend.client import ApiResponse, ToriiClient

from .conftest import Connect
from .records import SESSION_ID, USER_ID
from .server import HANG_UP, Answer, ApiServer, again, as_bytes, as_json


class RefusedOnce(HTTPAdapter):
    """Sends the first request to where nobody listens."""

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
    server: ApiServer, patient: ToriiClient, lost: Answer, status: int
) -> None:
    gone = as_json({"title": "No."}, status)
    server.answer(lost, gone)
    patient.users.delete(USER_ID)
    assert len(server.requests) == 2


def test_so_does_any_other_delete(server: ApiServer, patient: ToriiClient) -> None:
    gone = as_json({"title": "No."}, 404)
    server.answer(again(503), gone)
    patient.sessions.revoke(USER_ID, SESSION_ID)
    server.answer(again(503), gone)
    response: ApiResponse[Any] = patient.with_raw_response.request("DELETE", "/things/1")
    assert (response.status, response.value) == (404, None)
    assert response.body == gone.body


def test_a_pause_in_between_changes_nothing(server: ApiServer, patient: ToriiClient) -> None:
    server.answer(HANG_UP, again(429), as_json({}, 403))
    patient.users.delete(USER_ID)
    assert len(server.requests) == 3


@pytest.mark.parametrize(("status", "error"), [(403, Forbidden), (404, NotFound)])
def test_not_on_the_first_try(
    server: ApiServer, patient: ToriiClient, status: int, error: type[Exception]
) -> None:
    server.answer(as_json({}, status))
    with pytest.raises(error):
        patient.users.delete(USER_ID)


@pytest.mark.parametrize(("status", "error"), [(403, Forbidden), (404, NotFound)])
def test_not_after_a_429(
    server: ApiServer, patient: ToriiClient, status: int, error: type[Exception]
) -> None:
    """The server did nothing the first time."""
    server.answer(again(429), as_json({}, status))
    with pytest.raises(error):
        patient.users.delete(USER_ID)


def test_not_after_a_refused_connection(
    server: ApiServer, nowhere: str, session: requests.Session, connect: Connect
) -> None:
    server.answer(as_json({}, 404))
    session.mount("http://", RefusedOnce(nowhere))
    torii = connect(server.url, session=session)
    with pytest.raises(NotFound):
        torii.users.delete(USER_ID)
    assert len(server.requests) == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
def test_no_other_method(server: ApiServer, patient: ToriiClient, method: str) -> None:
    server.answer(again(503), as_json({}, 404))
    with pytest.raises(NotFound):
        patient.request(method, "/things")


def test_no_other_status(server: ApiServer, patient: ToriiClient) -> None:
    server.answer(again(503), as_json({"code": "invitation_not_pending"}, 409))
    with pytest.raises(Conflict):
        patient.invitations.revoke("invitation")


def test_a_success_whose_body_breaks_off_is_one(server: ApiServer, patient: ToriiClient) -> None:
    """Nobody reads that body; to revoke an invitation twice would be a conflict."""
    cut = Answer(raw=[as_bytes(as_json({"status": "REVOKED"}))[:-3]])
    server.answer(cut, as_json({"code": "invitation_not_pending"}, 409))
    patient.invitations.revoke("invitation")
    assert len(server.requests) == 1
