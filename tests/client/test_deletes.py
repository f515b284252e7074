"""Deleting a user twice, because the first response was lost, counts as done."""

from __future__ import annotations

from typing import Any, Callable

import pytest
import requests
from requests.adapters import HTTPAdapter

from torii_backend.client import Conflict, Forbidden, InvalidResponse, NotFound, ToriiClient

from .conftest import Connect
from .records import SESSION_ID, USER_ID
from .server import HANG_UP, ApiServer, Response, again, as_bytes, as_json

PROBLEM = "application/problem+json"


def problem(status: int, content_type: str = PROBLEM, **members: Any) -> Response:
    """Make the response of Torii to a user who is not reachable."""
    code = {403: "forbidden", 404: "user_not_found"}[status]
    document = {"title": "No.", "status": status, "code": code, **members}
    return as_json(document, status, Content_Type=content_type)


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
    server.respond_with(lost, problem(status))
    patient.users.delete(USER_ID)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "gone",
    [
        problem(403, f"{PROBLEM}; charset=utf-8"),
        problem(404, PROBLEM.upper()),
        problem(403, code=None, properties={"code": "forbidden"}),
    ],
)
def test_a_problem_may_be_written_in_other_ways(
    server: ApiServer, patient: ToriiClient, gone: Response
) -> None:
    server.respond_with(again(502), gone)
    patient.users.delete(USER_ID)


@pytest.mark.parametrize(
    "page",
    [
        Response(403, b"<html>Blocked</html>", (("Content-Type", "text/html"),)),
        Response(403, b"", (("Content-Type", PROBLEM),)),
        Response(404),
        Response(403, b'["forbidden"]', (("Content-Type", PROBLEM),)),
        problem(403, "application/json"),
        problem(404, "text/html"),
        problem(403, code=None),
        problem(403, code="ip_blocked"),
        problem(403, code=["forbidden"]),
        problem(403, code="user_not_found"),
        problem(404, code="not_found"),
        problem(404, code="forbidden"),
    ],
)
def test_a_firewall_says_nothing_about_the_user(
    server: ApiServer, patient: ToriiClient, page: Response
) -> None:
    for lost in (again(502), HANG_UP):
        server.respond_with(lost, page)
        with pytest.raises((Forbidden, NotFound)):
            patient.users.delete(USER_ID)


@pytest.mark.parametrize("call", ["users.delete", *OTHERS, "invitations.revoke"])
def test_a_web_page_is_no_success(server: ApiServer, torii: ToriiClient, call: str) -> None:
    """Firewalls and sign-in pages of networks respond with 200, too."""
    html = (("Content-Type", "text/html; charset=utf-8"),)
    server.respond_with(Response(200, b"<html>Sign in</html>", html))
    calls: dict[str, Callable[[ToriiClient], None]] = {
        **OTHERS,
        "users.delete": lambda torii: torii.users.delete(USER_ID),
        "invitations.revoke": lambda torii: torii.invitations.revoke("invitation"),
    }
    with pytest.raises(InvalidResponse, match="a web page"):
        calls[call](torii)


def test_its_raw_response_is_the_one_received(server: ApiServer, patient: ToriiClient) -> None:
    gone = problem(404)
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
    server.respond_with(again(503), problem(status))
    with pytest.raises(error):
        call(patient)
    assert len(server.requests) == 2


def test_a_pause_in_between_changes_nothing(server: ApiServer, patient: ToriiClient) -> None:
    server.respond_with(HANG_UP, again(429), problem(403))
    patient.users.delete(USER_ID)
    assert len(server.requests) == 3


@pytest.mark.parametrize(("status", "error"), [(403, Forbidden), (404, NotFound)])
def test_not_on_the_first_try(
    server: ApiServer, patient: ToriiClient, status: int, error: type[Exception]
) -> None:
    server.respond_with(problem(status))
    with pytest.raises(error):
        patient.users.delete(USER_ID)


@pytest.mark.parametrize(("status", "error"), [(403, Forbidden), (404, NotFound)])
def test_not_after_a_429(
    server: ApiServer, patient: ToriiClient, status: int, error: type[Exception]
) -> None:
    """The server did nothing the first time."""
    server.respond_with(again(429), problem(status))
    with pytest.raises(error):
        patient.users.delete(USER_ID)


def test_not_after_a_refused_connection(
    server: ApiServer, nowhere: str, session: requests.Session, connect: Connect
) -> None:
    server.respond_with(problem(404))
    session.mount("http://", RefusedOnce(nowhere))
    torii = connect(server.url, session=session)
    with pytest.raises(NotFound):
        torii.users.delete(USER_ID)
    assert len(server.requests) == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
def test_no_other_method(server: ApiServer, patient: ToriiClient, method: str) -> None:
    server.respond_with(again(503), problem(404))
    with pytest.raises(NotFound):
        patient.request(method, "/things")


def test_an_invitation_that_was_revoked_before_is_revoked(
    server: ApiServer, patient: ToriiClient
) -> None:
    state = {"code": "invitation_not_pending", "invitationStatus": "REVOKED"}
    revoked = as_json(state, 409, Content_Type=PROBLEM)
    server.respond_with(HANG_UP, revoked)
    patient.invitations.revoke("invitation")
    accepted = as_json({**state, "invitationStatus": "ACCEPTED"}, 409, Content_Type=PROBLEM)
    for script in ([HANG_UP, accepted], [revoked], [HANG_UP, as_json(state, 409)]):
        server.respond_with(*script)
        with pytest.raises(Conflict):
            patient.invitations.revoke("invitation")


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
