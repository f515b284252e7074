"""Sentry, which reports the variables of every frame and looks into containers, finds no secret."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from typing import Any, Callable

import pytest
import requests

from tests.support.sentry import event_of
from torii_backend import ToriiError
from torii_backend.client import AsyncToriiClient, Conflict, ToriiClient

from .conftest import KEY, Connect
from .exposure import PART
from .records import USER_ID, user
from .server import HANG_UP, ApiServer, Received, Response, again, as_bytes, as_json

Call = Callable[[ToriiClient], Any]
PASSWORD = "correct horse battery staple"


def caught(call: Callable[[], Any], kind: type[BaseException] = ToriiError) -> str:
    with pytest.raises(kind) as info:
        call()
    return json.dumps(event_of(info.value))


def echo(status: int, *, escaped: bool = False) -> Callable[[Received], Response]:
    def respond(request: Received) -> Response:
        text = str(request.headers["Authorization"])
        problem = {"detail": text, "code": text, "supportId": text, "seen": [{text: [text]}]}
        sent = as_json(problem, status, X_Request_Id=text)
        if escaped:
            sent = sent._replace(body=sent.body.replace(b"_", b"\\u005f").replace(b"1", b"\\u0031"))
        return sent

    return respond


SCRIPTS: dict[str, Any] = {
    **{
        f"a {status} that quotes it": echo(status) for status in (200, 302, 401, 403, 409, 429, 500)
    },
    **{f"a {status} with escapes": echo(status, escaped=True) for status in (200, 401, 500)},
    "half a response": lambda request: Response(raw=[as_bytes(echo(200)(request))[:-5]]),
    "no response": HANG_UP,
    "a page": Response(200, b"<html>"),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_responses(server: ApiServer, connect: Connect, name: str) -> None:
    torii = connect(server.url, max_retries=1, timeout=5)
    server.respond_with(again(503), SCRIPTS[name])
    assert PART not in caught(lambda: torii.users.get(USER_ID))
    server.respond_with(SCRIPTS[name])
    if "200" not in name:
        assert PART not in caught(lambda: list(torii.users.iterate()))


@pytest.mark.parametrize("name", SCRIPTS)
def test_awaited(server: ApiServer, name: str) -> None:
    async def main() -> BaseException:
        async with AsyncToriiClient(KEY, api_url=server.url, max_retries=0) as torii:
            with pytest.raises(ToriiError) as info:
                await torii.users.get(USER_ID)
            return info.value

    server.respond_with(SCRIPTS[name])
    assert PART not in json.dumps(event_of(asyncio.run(main())))


class Interrupted(Exception):
    """As task queues raise it from a signal, wherever the program is."""


@pytest.mark.parametrize("kind", [Interrupted, KeyboardInterrupt])
@pytest.mark.parametrize("place", ["sendall", "recv_into"])
@pytest.mark.parametrize("wrapped", [False, True])
def test_an_interrupt_within_the_connection(
    server: ApiServer,
    torii: ToriiClient,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[BaseException],
    place: str,
    wrapped: bool,
) -> None:
    original = getattr(socket.socket, place)

    def interrupt(*args: Any) -> Any:
        if threading.current_thread() is threading.main_thread():  # the server has others
            raise kind("Out of time.")
        return original(*args)

    if wrapped:
        real = requests.Session.send

        def traced(session: Any, request: Any, **settings: Any) -> Any:
            return real(session, request, **settings)

        monkeypatch.setattr(requests.Session, "send", traced)
    monkeypatch.setattr(socket.socket, place, interrupt)
    shown = caught(lambda: torii.users.create(email="ada@example.com"), kind)
    assert "Out of time." in shown
    assert PART not in shown


def test_an_adapter_that_looks_at_the_headers(session: requests.Session, connect: Connect) -> None:
    class Failing(requests.adapters.HTTPAdapter):
        def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
            headers = request.headers
            listed = list(headers.items())
            raise RuntimeError(f"{len(headers)} {len(listed)}")

    session.mount("https://", Failing())
    torii = connect("https://api.torii.so", session=session)
    shown = caught(lambda: torii.users.get(USER_ID), RuntimeError)
    assert "listed" in shown and "[secret key]" in shown
    assert PART not in shown


@pytest.mark.parametrize(
    ("name", "value"),
    [("X Team", "red"), ("", "red"), ("X\r\n", "red"), (b"X:", "red"), ("X", 1.5)],
)
def test_a_header_that_cannot_be_sent(
    server: ApiServer, session: requests.Session, connect: Connect, name: Any, value: Any
) -> None:
    session.headers = {name: value}
    shown = caught(lambda: connect(server.url, session=session).users.get(USER_ID), ValueError)
    assert "session.headers" in shown
    assert PART not in shown
    assert server.requests == []


def test_a_password(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(as_json({"title": "No."}, 409))
    assert PASSWORD not in caught(lambda: torii.users.create(password=PASSWORD), Conflict)
    wrong: Any = 7
    for call in (
        lambda: torii.users.create(password=PASSWORD, email=wrong),
        lambda: torii.users.create(password=PASSWORD, unknown=wrong),  # type: ignore[call-arg]
    ):
        assert PASSWORD not in caught(call, TypeError)


def test_the_search_finds_what_is_shown(server: ApiServer, torii: ToriiClient) -> None:
    """What finds nothing anywhere proves nothing."""
    server.respond_with(as_json(user()))

    def careless() -> None:
        held = {"authorization": (f"Bearer {KEY}",)}
        raise ToriiError(str(len(held)))

    assert PART in caught(careless)
