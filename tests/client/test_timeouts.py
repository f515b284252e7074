"""Timeouts are always on: per client, per call, in each phase."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from torii_backend import ToriiTimeout
from torii_backend.client import ServerError, ToriiClient, Unauthorized

from .conftest import KEY, Connect
from .recording import RecordingAdapter
from .records import USER_ID
from .server import ApiServer, Response, as_json

ORIGINS = as_json({"origins": []})


class TestTimeouts:
    @pytest.mark.parametrize(
        ("of_client", "of_call", "sent"),
        [
            (None, None, (5.0, 30.0)),
            (2, None, (2, 2)),
            ((1.5, 9), None, (1.5, 9)),
            (2, 7, (7, 7)),
            ((1.5, 9), (3, 0.5), (3, 0.5)),
        ],
    )
    def test_they_are_always_on(
        self, server: ApiServer, session: requests.Session, of_client: Any, of_call: Any, sent: Any
    ) -> None:
        server.respond_with(ORIGINS)
        adapter = RecordingAdapter()
        session.mount("http://", adapter)
        given = {} if of_client is None else {"timeout": of_client}
        with ToriiClient(KEY, api_url=server.url, session=session, **given) as torii:
            torii.allowed_origins.get(timeout=of_call)
            torii.request("GET", "/allowed-origins", timeout=of_call)
            torii.with_raw_response.allowed_origins.get(timeout=of_call)
        assert [settings["timeout"] for _, settings in adapter.calls] == [sent] * 3

    @pytest.mark.parametrize("per_call", [False, True])
    @pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
    def test_a_server_that_hangs(
        self, server: ApiServer, per_call: bool, method: str, connect: Connect
    ) -> None:
        of_client, of_call = (30, 0.1) if per_call else ((5, 0.1), None)
        torii = connect(server.url, timeout=of_client)
        with server.held():
            with pytest.raises(ToriiTimeout) as caught:
                torii.request(method, "/things", timeout=of_call)
            server.wait_for(1)
        assert str(caught.value) == "Torii's API did not respond within 0.1 seconds."
        assert len(server.requests) == 1

    def test_a_server_that_hangs_within_the_body(self, server: ApiServer, connect: Connect) -> None:
        over = threading.Event()

        def half() -> Iterator[bytes]:
            yield b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"ori'
            over.wait(30)

        server.respond_with(Response(raw=half()))
        torii = connect(server.url, timeout=(5, 0.5))
        with pytest.raises(ToriiTimeout):
            torii.allowed_origins.get()
        over.set()

    @pytest.mark.parametrize("status", [200, 401, 503])
    def test_a_status_counts_though_its_body_never_ends(
        self, server: ApiServer, connect: Connect, status: int
    ) -> None:
        over = threading.Event()

        def half() -> Iterator[bytes]:
            yield f"HTTP/1.1 {status} Scripted\r\nContent-Length: 14\r\n\r\n{{".encode()
            over.wait(30)

        server.respond_with(Response(raw=half()))
        torii = connect(server.url, timeout=(5, 0.5), max_retries=0)
        if status == 200:
            torii.invitations.revoke("invitation")
        else:
            with pytest.raises(Unauthorized if status == 401 else ServerError):
                torii.users.get(USER_ID)
        over.set()

    def test_a_slow_body_is_read_to_its_end(self, server: ApiServer, torii: ToriiClient) -> None:
        body = b'{"origins":[]}'
        drops = [bytes([byte]) for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n" + body]
        server.respond_with(Response(raw=drops))
        assert torii.allowed_origins.get().origins == ()

    @pytest.mark.skipif(os.name == "nt", reason="a full backlog is refused there")
    def test_a_host_that_takes_no_connection(self, connect: Connect) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            address = listener.getsockname()
            waiting = [socket.socket() for _ in range(4)]
            for one in waiting:  # more than fit into the queue
                one.setblocking(False)
                one.connect_ex(address)
            url = f"http://127.0.0.1:{address[1]}"
            torii = connect(url, timeout=(0.1, 30), max_retries=0)
            with pytest.raises(ToriiTimeout) as caught:
                torii.users.ban(USER_ID)
            for one in waiting:
                one.close()
        assert str(caught.value) == "No connection to Torii's API within 0.1 seconds."
