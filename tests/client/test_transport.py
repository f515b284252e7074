"""The transport: what is sent, and one pool of connections for all calls."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

import torii_backend
from torii_backend import ToriiApiError, ToriiConnectionError
from torii_backend.client import ToriiClient

from .conftest import KEY, Connect
from .records import USER_ID, user
from .server import ApiServer, Response, as_bytes, as_json

ORIGINS = as_json({"origins": []})


def test_what_is_sent(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(as_json(user()))
    torii.users.update(USER_ID, name="Ada")
    [request] = server.requests
    assert (request.method, request.target) == ("PATCH", f"/api/server/v1/users/{USER_ID}")
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.headers["User-Agent"] == f"torii-backend/{torii_backend.__version__}"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Host"] == f"127.0.0.1:{server.port}"
    assert "application/json" in request.headers["Accept"]
    assert "Transfer-Encoding" not in request.headers
    assert request.body == b'{"name":"Ada"}'


def test_a_get_has_no_body(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(ORIGINS)
    torii.allowed_origins.get()
    [request] = server.requests
    assert not {"Content-Type", "Content-Length", "Transfer-Encoding"} & set(request.headers)


def test_a_post_without_a_body_says_so(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(as_json(user()))
    torii.users.ban(USER_ID)
    [request] = server.requests
    assert request.headers["Content-Length"] == "0"
    assert "Content-Type" not in request.headers


def test_the_api_may_live_below_a_path(server: ApiServer) -> None:
    server.respond_with(ORIGINS)
    with ToriiClient(KEY, api_url=f"{server.url}/gateway/") as torii:
        torii.allowed_origins.get()
    assert server.requests[0].target == "/gateway/api/server/v1/allowed-origins"


class TestConnections:
    def test_one_serves_many_calls(self, server: ApiServer, torii: ToriiClient) -> None:
        server.respond_with(ORIGINS)
        for _ in range(20):
            torii.allowed_origins.get()
        assert server.connections == 1

    @pytest.mark.parametrize(
        "response",
        [
            as_json({"detail": "No."}, 404),
            as_json({"detail": "No."}, 503),
            Response(200, b"<html>"),
            Response(204),
            Response(302, b"elsewhere", (("Location", "/"),)),
        ],
    )
    def test_an_error_does_not_cost_one(
        self, server: ApiServer, torii: ToriiClient, response: Response
    ) -> None:
        server.respond_with(response)
        for _ in range(3):
            with pytest.raises(ToriiApiError):
                torii.allowed_origins.get()
        assert server.connections == 1

    def test_a_call_that_needs_no_body_does_not_cost_one(
        self, server: ApiServer, torii: ToriiClient
    ) -> None:
        server.respond_with(as_json({"unread": "x" * 100_000}))
        for _ in range(3):
            torii.users.delete(USER_ID)
        assert server.connections == 1

    def test_sixteen_threads_throw_none_away(self, server: ApiServer, torii: ToriiClient) -> None:
        server.respond_with(ORIGINS)
        barrier = threading.Barrier(16)

        def work() -> None:
            for _ in range(5):
                barrier.wait(30)  # all at once, so that every thread needs one
                torii.allowed_origins.get()

        with ThreadPoolExecutor(16) as pool:
            for done in [pool.submit(work) for _ in range(16)]:
                done.result()
        assert len(server.requests) == 80
        assert server.connections <= 16

    @pytest.mark.parametrize("own_session", [False, True])
    def test_pool_size_bounds_those_that_are_kept(
        self, server: ApiServer, session: requests.Session, own_session: bool
    ) -> None:
        server.respond_with(ORIGINS)
        given = session if own_session else None
        with ToriiClient(KEY, api_url=server.url, pool_size=2, session=given) as torii:
            with ThreadPoolExecutor(6) as pool, server.held():
                calls = [pool.submit(torii.allowed_origins.get) for _ in range(6)]
                server.wait_for(6)
            assert [call.result().origins for call in calls] == [()] * 6
            assert server.connections == 6
            server.wait_until_open(2)
            torii.allowed_origins.get()
        assert server.connections == 6

    def test_pool_size_is_more_than_that_of_requests(
        self, server: ApiServer, session: requests.Session
    ) -> None:
        server.respond_with(ORIGINS)
        with ToriiClient(KEY, api_url=server.url, pool_size=12, session=session) as torii:
            for count in (12, 24):
                with ThreadPoolExecutor(12) as pool, server.held():
                    calls = [pool.submit(torii.allowed_origins.get) for _ in range(12)]
                    server.wait_for(count)
                assert [call.result().origins for call in calls] == [()] * 12
        assert server.connections == 12

    @pytest.mark.parametrize(
        "change",
        [
            lambda session: session.mount("http://", HTTPAdapter(pool_maxsize=1)),
            lambda session: session.adapters["http://"].init_poolmanager(10, 1),
        ],
    )
    def test_an_adapter_of_the_users_has_its_own_size(
        self, server: ApiServer, session: requests.Session, change: Any
    ) -> None:
        server.respond_with(ORIGINS)
        change(session)
        with ToriiClient(KEY, api_url=server.url, session=session) as torii:
            with ThreadPoolExecutor(3) as pool, server.held():
                calls = [pool.submit(torii.allowed_origins.get) for _ in range(3)]
                server.wait_for(3)
            assert [call.result().origins for call in calls] == [()] * 3
            server.wait_until_open(1)

    @pytest.mark.parametrize("own_session", [False, True])
    @pytest.mark.parametrize("proxied", [False, True])
    def test_a_connection_that_is_lost_is_noticed(
        self,
        server: ApiServer,
        session: requests.Session,
        monkeypatch: pytest.MonkeyPatch,
        own_session: bool,
        proxied: bool,
    ) -> None:
        seen: list[Any] = []
        real = socket.socket.setsockopt

        def record(connection: Any, *args: Any) -> None:
            seen.append(args)
            real(connection, *args)

        monkeypatch.setattr(socket.socket, "setsockopt", record)
        url = server.url
        if proxied:
            monkeypatch.setenv("HTTPS_PROXY", url)
            url = "https://torii.invalid"
        server.respond_with(ORIGINS)
        given = session if own_session else None
        with ToriiClient(KEY, api_url=url, session=given, max_retries=0) as torii:
            try:
                torii.allowed_origins.get()
            except ToriiConnectionError:
                assert proxied  # the server knows no CONNECT
        assert server.connections == 1
        assert (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1) in seen

    def test_what_follows_a_body_is_not_a_response(
        self, server: ApiServer, torii: ToriiClient
    ) -> None:
        """A length that is too short leaves bytes behind, which must not become the next response."""
        forged = as_bytes(as_json({"origins": ["forged"]}))
        short = Response(200, b'{"origins":[]}' + forged, (("Content-Length", "14"),))
        server.respond_with(short, as_json({"origins": ["true"]}))
        assert torii.allowed_origins.get().origins == ()
        assert torii.allowed_origins.get().origins == ("true",)

    def test_close_gives_them_back(self, server: ApiServer) -> None:
        server.respond_with(ORIGINS)
        torii = ToriiClient(KEY, api_url=server.url)
        torii.allowed_origins.get()
        torii.close()
        server.wait_until_open(0)
        torii.close()

    def test_a_closed_client_refuses(self, server: ApiServer) -> None:
        with ToriiClient(KEY, api_url=server.url) as torii:
            pass
        for call in (
            torii.allowed_origins.get,
            torii.with_raw_response.allowed_origins.get,
            lambda: next(torii.users.iterate()),
        ):
            with pytest.raises(RuntimeError, match="The client is closed"):
                call()
        assert server.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("own_session", [False, True])
def test_a_redirect_is_not_followed(
    server: ApiServer,
    other: ApiServer,
    session: requests.Session,
    status: int,
    own_session: bool,
    connect: Connect,
) -> None:
    elsewhere = (("Location", f"{other.url}/api/server/v1/allowed-origins"),)
    server.respond_with(Response(status, b"", elsewhere))
    given = None if own_session else session
    torii = connect(server.url, session=given)
    with pytest.raises(ToriiApiError) as caught:
        torii.allowed_origins.get()
    assert (type(caught.value), caught.value.status) == (ToriiApiError, status)
    assert other.connections == 0
    assert len(server.requests) == 1


def test_a_host_that_refuses(nowhere: str, connect: Connect) -> None:
    torii = connect(nowhere, max_retries=0)
    with pytest.raises(ToriiConnectionError) as caught:
        torii.allowed_origins.get()
    assert str(caught.value) == "The connection to Torii's API was refused."


def test_a_server_that_does_not_speak_http(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(Response(raw=[b"220 smtp.example.com ESMTP\r\n"]))
    with pytest.raises(ToriiConnectionError) as caught:
        torii.allowed_origins.get()
    assert (
        str(caught.value) == "The connection to Torii's API broke before the response was complete."
    )
