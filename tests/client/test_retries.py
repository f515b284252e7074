"""Which calls are retried, how often, and with what result."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest
import requests

from torii_backend import ToriiApiError, ToriiConnectionError, ToriiError, ToriiTimeout
from torii_backend.client import InvalidResponse, NotFound, RateLimited, ServerError, ToriiClient

from .conftest import KEY, Connect
from .operations import ITERATIONS, NOT_REPEATABLE, OPERATIONS, Operation
from .recording import RecordingAdapter
from .records import USER_ID, page, user
from .server import HANG_UP, ApiServer, Response, again, as_bytes, as_json

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
REPEATABLE = ["GET", "PUT", "PATCH", "DELETE"]

GOOD = as_json({"done": True})
CUT = Response(raw=[as_bytes(GOOD)[:-3]])
CUT_HEAD = Response(raw=[b"HTTP/1."])
NO_END = Response(raw=[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}   \r\n"])


class TestStatus:
    @pytest.mark.parametrize("method", METHODS)
    def test_429_is_tried_again_for_any_method(
        self, server: ApiServer, patient: ToriiClient, method: str
    ) -> None:
        server.respond_with(again(429), again(429), GOOD)
        assert patient.request(method, "/things", body={"a": 1}) == {"done": True}
        assert [request.method for request in server.requests] == [method] * 3
        assert {request.body for request in server.requests} == {b'{"a":1}'}
        assert server.connections == 1

    @pytest.mark.parametrize("status", [502, 503, 504])
    @pytest.mark.parametrize("method", REPEATABLE)
    def test_a_transient_failure_is_retried_if_safe(
        self, server: ApiServer, patient: ToriiClient, method: str, status: int
    ) -> None:
        server.respond_with(again(status), GOOD)
        assert patient.request(method, "/things") == {"done": True}
        assert len(server.requests) == 2

    @pytest.mark.parametrize("status", [502, 503, 504])
    def test_a_post_is_not(self, server: ApiServer, patient: ToriiClient, status: int) -> None:
        server.respond_with(again(status), GOOD)
        with pytest.raises(ServerError):
            patient.users.create(email="ada@example.com")
        assert len(server.requests) == 1

    @pytest.mark.parametrize("status", [302, 400, 401, 402, 403, 404, 408, 409, 418, 500, 501, 599])
    def test_any_other_status_is_final(
        self, server: ApiServer, patient: ToriiClient, status: int
    ) -> None:
        server.respond_with(again(status))
        for method in METHODS:
            with pytest.raises(ToriiApiError, match=f"^Torii responded with {status}"):
                patient.request(method, "/things")
        assert [request.method for request in server.requests] == METHODS


class TestOperations:
    """Whether a call is safe to repeat depends on what it does, and not on its method."""

    @pytest.mark.parametrize("lost", [again(502), again(503), again(504), HANG_UP, CUT])
    @pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.method)
    def test_it_is_retried_if_safe(
        self, server: ApiServer, patient: ToriiClient, operation: Operation, lost: Response
    ) -> None:
        found = Response(204) if operation.response is None else as_json(operation.response)
        server.respond_with(found, lost, found)
        operation.call(patient)
        if operation.method not in NOT_REPEATABLE:
            operation.call(patient)
            assert len(server.requests) == 3 or (lost is CUT and operation.response is None)
            return
        with pytest.raises(ToriiError):
            operation.call(patient)
        assert len(server.requests) == 2

    @pytest.mark.parametrize("path", ITERATIONS)
    def test_a_page_of_an_iterator_is_retried(
        self, server: ApiServer, patient: ToriiClient, path: str
    ) -> None:
        server.respond_with(
            as_json(page(more=True, cursor="c")), again(503), HANG_UP, as_json(page())
        )
        resource, method = path.split(".")
        ids = {"users.iterate_organizations": ["u"], "organizations.iterate_members": ["o"]}
        assert list(getattr(getattr(patient, resource), method)(*ids.get(path, []))) == []
        assert len(server.requests) == 4


class TestBrokenConnection:
    @pytest.mark.parametrize(
        ("method", "broken"),
        [
            ("GET", HANG_UP),
            ("GET", CUT_HEAD),
            ("GET", CUT),
            ("GET", NO_END),
            ("PUT", HANG_UP),
            ("PATCH", HANG_UP),
            ("DELETE", HANG_UP),
            ("PATCH", CUT),
        ],
    )
    def test_it_is_tried_again_where_that_is_safe(
        self, server: ApiServer, patient: ToriiClient, method: str, broken: Response
    ) -> None:
        server.respond_with(broken, GOOD)
        assert patient.request(method, "/things") == {"done": True}
        assert len(server.requests) == 2

    @pytest.mark.parametrize(
        ("broken", "error"),
        [
            (HANG_UP, ToriiConnectionError),
            (CUT_HEAD, ToriiConnectionError),
            (CUT, InvalidResponse),
            (NO_END, InvalidResponse),
        ],
    )
    def test_a_post_is_not(
        self, server: ApiServer, patient: ToriiClient, broken: Response, error: type[Exception]
    ) -> None:
        server.respond_with(broken, GOOD)
        with pytest.raises(error):
            patient.invitations.resend("invitation")
        assert len(server.requests) == 1

    @pytest.mark.parametrize("method", METHODS)
    def test_one_that_the_server_closed_between_two_calls(
        self, server: ApiServer, method: str
    ) -> None:
        """Keep-alive ends some day; the next call must not pay for it."""
        bye = Response(raw=[as_bytes(GOOD)])
        server.respond_with(bye, GOOD)
        with ToriiClient(KEY, api_url=server.url, max_retries=0) as torii:
            torii.request(method, "/things")
            server.wait_until_open(0)
            assert torii.request(method, "/things") == {"done": True}

    @pytest.mark.parametrize("method", METHODS)
    def test_no_response_in_time_is_final(
        self, server: ApiServer, method: str, connect: Connect
    ) -> None:
        torii = connect(server.url, timeout=0.1)
        with server.held():
            with pytest.raises(ToriiTimeout):
                torii.request(method, "/things")
            server.wait_for(1)
        assert len(server.requests) == 1


class TestBeforeTheFirstByte:
    @pytest.mark.parametrize("method", METHODS)
    def test_a_refused_connection_is_tried_again_for_any_method(
        self, nowhere: str, session: requests.Session, connect: Connect, method: str
    ) -> None:
        adapter = RecordingAdapter()
        session.mount("http://", adapter)
        torii = connect(nowhere, session=session, max_retries=1)
        with pytest.raises(ToriiConnectionError, match=r"^The connection .* was refused\.$"):
            torii.request(method, "/things")
        assert len(adapter.calls) == 2

    def test_a_host_without_address_is_tried_again(
        self, session: requests.Session, connect: Connect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def unknown(*_: Any) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        adapter = RecordingAdapter()
        session.mount("https://", adapter)
        torii = connect("https://torii.invalid", session=session, max_retries=1)
        with pytest.raises(ToriiConnectionError) as caught:
            torii.users.ban(USER_ID)
        assert str(caught.value) == "The host name of Torii's API could not be resolved."
        assert len(adapter.calls) == 2


class TestHowOften:
    @pytest.mark.parametrize(
        ("given", "tries"), [({}, 3), ({"max_retries": 0}, 1), ({"max_retries": 5}, 6)]
    )
    def test_tries(self, server: ApiServer, given: Any, tries: int, connect: Connect) -> None:
        server.respond_with(again(503))
        torii = connect(server.url, **given)
        with pytest.raises(ServerError):
            torii.users.get(USER_ID)
        assert len(server.requests) == tries

    def test_the_last_try_decides(self, server: ApiServer, patient: ToriiClient) -> None:
        server.respond_with(again(503), again(429), as_json({"detail": "Gone."}, 404))
        with pytest.raises(NotFound):
            patient.users.get(USER_ID)
        server.respond_with(again(503), again(503), again(429))
        with pytest.raises(RateLimited):
            patient.users.get(USER_ID)
        server.respond_with(again(503), again(503), HANG_UP)
        with pytest.raises(ToriiConnectionError):
            patient.users.get(USER_ID)

    def test_every_try_has_the_whole_timeout(
        self, server: ApiServer, session: requests.Session, connect: Connect
    ) -> None:
        server.respond_with(again(503), GOOD)
        adapter = RecordingAdapter()
        session.mount("http://", adapter)
        connect(server.url, session=session, timeout=(5, 7)).request("GET", "/things")
        assert [settings["timeout"] for _, settings in adapter.calls] == [(5, 7)] * 2

    def test_the_pause_that_the_server_asks_for_is_kept(
        self, server: ApiServer, patient: ToriiClient
    ) -> None:
        server.respond_with(as_json({}, 429, Retry_After="1"), as_json(user()))
        started = time.monotonic()
        patient.users.ban(USER_ID)
        assert time.monotonic() - started >= 1

    @pytest.mark.parametrize("later", [as_json({}, 503), again(503)])
    def test_without_a_word_from_the_server_there_is_a_pause(
        self,
        server: ApiServer,
        patient: ToriiClient,
        monkeypatch: pytest.MonkeyPatch,
        later: Response,
    ) -> None:
        monkeypatch.undo()
        server.respond_with(later, as_json(user()))
        started = time.monotonic()
        patient.users.get(USER_ID)
        assert time.monotonic() - started >= 0.125
