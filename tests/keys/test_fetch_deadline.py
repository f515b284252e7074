"""A fetch ends in time, whatever the server, a proxy, the network or the name server does."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable, Optional

import pytest
import requests
from requests.adapters import HTTPAdapter

from tests.support.clock import WATCHDOG, TickingClock
from tests.support.issuer import SigningKey
from tests.support.jwks_server import JwksServer, Response, settle
from torii_backend import KeysUnavailable
from torii_backend._keys import deadline
from torii_backend._keys.fetch import Fetch, FetchError, fetch, resolve_fetch
from torii_backend._keys.keystore import KeyStore


class OwnAdapter(HTTPAdapter):
    """As users write them: it keeps something that requests does not know of."""

    def __init__(self, agent: str) -> None:
        self.agent = agent
        super().__init__()

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        request.headers["User-Agent"] = self.agent
        return super().send(request, *args, **kwargs)


def own_session() -> Iterator[Fetch]:
    with requests.Session() as session:
        session.mount("http://", OwnAdapter("own"))
        session.mount("https://", OwnAdapter("own"))
        yield resolve_fetch(None, session)


def plain_session() -> Iterator[Fetch]:
    with requests.Session() as session:
        yield resolve_fetch(None, session)


@pytest.fixture(params=[None, plain_session, own_session], ids=["fetch", "session", "adapter"])
def fetches(request: pytest.FixtureRequest) -> Iterator[Fetch]:
    make: Optional[Callable[[], Iterator[Fetch]]] = request.param
    if make is None:
        yield fetch
    else:
        yield from make()


class Dripping:
    """A server that sends a head and then a byte now and then, until it is hung up on."""

    def __init__(self, head: bytes) -> None:
        self._head = head
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.hung_up = False
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        with self._listener, self._listener.accept()[0] as peer:
            peer.recv(65536)
            until = time.monotonic() + WATCHDOG
            try:
                peer.sendall(self._head)
                while time.monotonic() < until:
                    time.sleep(0.02)
                    peer.sendall(b"x")
            except OSError:
                self.hung_up = True


# The header of a TLS record of 16 KiB that never becomes complete.
HANDSHAKE = b"\x16\x03\x03\x40\x00"


@pytest.mark.waits
@pytest.mark.parametrize("proxied", [False, True], ids=["direct", "proxy"])
@pytest.mark.parametrize(
    "head", [b"HTTP/1.0 200 OK\r\nX: ", HANDSHAKE], ids=["response", "handshake"]
)
def test_what_drips_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, fetches: Fetch, head: bytes, proxied: bool
) -> None:
    if proxied and head is HANDSHAKE:
        head = b"HTTP/1.0 200 OK\r\n\r\n" + head
    server = Dripping(head)
    url = f"http://{server.address}"
    if proxied:
        monkeypatch.setenv("https_proxy", url)
        url = "https://tenant.test"
    elif head is HANDSHAKE:
        url = f"https://{server.address}"
    with pytest.raises(FetchError):
        fetches(url, 0.5)
    server.thread.join(WATCHDOG)
    assert server.hung_up


def test_a_session_keeps_its_own_adapters(server: JwksServer) -> None:
    for own in own_session():
        own(server.issuer, 5.0)
    assert server.requests[0].headers["User-Agent"] == "own"


def test_no_retry_of_a_session_sleeps_for_as_long_as_the_server_says(server: JwksServer) -> None:
    from urllib3.util import Retry

    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=Retry(1, status_forcelist=[503])))
        server.respond_with(Response(b"", 503, headers=(("Retry-After", "3600"),)))
        with pytest.raises(FetchError):
            resolve_fetch(None, session)(server.issuer, 5.0)


def addresses(monkeypatch: pytest.MonkeyPatch, *ports: int) -> None:
    """Let each name have so many addresses: here, these ports."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)


@contextmanager
def dropping() -> Iterator[int]:
    """Give a port that drops packets, as its queue of connections is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        try:
            yield listener.getsockname()[1]
        finally:
            for sock in waiting:
                sock.close()


@pytest.mark.waits
@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse what they can't queue")
def test_an_address_that_drops_packets_leaves_time_for_the_next(
    server: JwksServer, monkeypatch: pytest.MonkeyPatch, fetches: Fetch
) -> None:
    monkeypatch.setattr(deadline, "CONNECT_SECONDS", 0.1)
    server.respond_with(Response(b"from the second"))
    with dropping() as port:
        addresses(monkeypatch, port, int(server.issuer.rpartition(":")[2]))
        assert fetches("http://tenant.test", WATCHDOG)[0] == b"from the second"
        addresses(monkeypatch, port, port, port)
        with pytest.raises(FetchError):
            fetches("http://tenant.test", 0.5)


def test_a_name_without_address_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses(monkeypatch)
    with pytest.raises(FetchError):
        fetch("http://tenant.test", 5.0)


@pytest.mark.waits
def test_a_slow_look_up_leaves_time_for_the_rest(
    server: JwksServer, key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo

    def slow(*args: Any) -> Any:
        time.sleep(3.1)
        return look_up(*args)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    assert b"key-1" in fetch(server.issuer, 3.0)[0]


def test_a_look_up_that_hangs_makes_the_keys_unavailable(
    server: JwksServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: ended.wait(WATCHDOG) and [])
    with pytest.raises(KeysUnavailable):
        KeyStore(server.issuer, clock=TickingClock(4.9)).key("key-1")
    ended.set()
    settle()


def test_the_line_before_a_chunk_has_a_limit(server: JwksServer, fetches: Fetch) -> None:
    sent: list[bytes] = []

    def endless() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        for _ in range(4096):
            sent.append(b"1" * 65536)
            yield sent[-1]

    server.respond_with(Response(raw=endless()))
    with pytest.raises(FetchError):
        fetches(server.issuer, WATCHDOG)
    settle()
    assert server.hung_up.wait(WATCHDOG)
    assert len(sent) < 1024


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip", "br", "zstd", "identity, gzip", "x"])
def test_a_compressed_response_is_refused(
    server: JwksServer, fetches: Fetch, encoding: str
) -> None:
    """Before it is decoded: a few bytes may be gigabytes."""
    server.respond_with(Response(b"\0", headers=(("Content-Encoding", encoding),)))
    with pytest.raises(FetchError, match="compressed"):
        fetches(server.issuer, WATCHDOG)
    assert server.requests[0].headers["Accept-Encoding"] == "identity"
    server.respond_with(Response(b"plain", headers=(("Content-Encoding", "Identity"),)))
    assert fetches(server.issuer, WATCHDOG)[0] == b"plain"
