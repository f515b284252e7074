"""The secret key goes into the Authorization header, and nowhere else."""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle
import threading
from collections.abc import Iterator
from typing import Any, Callable

import pytest
import requests
from requests.adapters import HTTPAdapter

import torii_backend
from torii_backend import (
    ConfigurationError,
    ToriiApiError,
    ToriiConnectionError,
    ToriiError,
    ToriiTimeout,
)
from torii_backend.client import AsyncToriiClient, InvalidResponse, ServerError, ToriiClient

from .conftest import KEY, Connect
from .exposure import PART, assert_hidden
from .records import USER_ID, user
from .server import ApiServer, Received, Response, as_bytes, as_json


def test_the_search_finds_a_key_that_is_shown() -> None:
    """What finds nothing anywhere proves nothing."""
    error = ToriiError("wrong")
    error.__context__ = ValueError(KEY)
    with pytest.raises(AssertionError):
        assert_hidden(error)


class TestSettings:
    """A wrong setting beside a good key, and a key in the wrong place."""

    @pytest.mark.parametrize("client", [ToriiClient, AsyncToriiClient])
    @pytest.mark.parametrize(
        "wrong",
        [
            {"api_url": "api.torii.so"},
            {"api_url": 7},
            {"timeout": "5"},
            {"timeout": 0},
            {"max_retries": -1},
            {"pool_size": 0},
            {"session": object()},
            {"session": requests.Session},
        ],
    )
    def test_a_wrong_setting(
        self, client: type[ToriiClient], wrong: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(ConfigurationError) as caught:
            client(KEY, **wrong)
        assert_hidden(caught.value)
        monkeypatch.setenv("TORII_SECRET_KEY", KEY)
        with pytest.raises(ConfigurationError) as caught:
            client(**wrong)
        assert_hidden(caught.value)

    @pytest.mark.parametrize("client", [ToriiClient, AsyncToriiClient])
    @pytest.mark.parametrize(
        "key",
        [
            f"{KEY} {KEY}",
            f"{KEY}\r\nX-Injected: 1",
            f"{KEY}é",
            f"pk_test_{PART}",
            KEY.encode(),
            [KEY],
            {"key": KEY},
        ],
    )
    def test_a_wrong_key(self, client: type[ToriiClient], key: Any) -> None:
        with pytest.raises(ConfigurationError) as caught:
            client(key)
        assert_hidden(caught.value)

    @pytest.mark.parametrize("client", [ToriiClient, AsyncToriiClient])
    @pytest.mark.parametrize(
        "address",
        [KEY, f" {KEY}", f"https://{KEY}@api.torii.so", f"https://api.torii.so/?key={KEY}"],
    )
    def test_a_key_in_the_place_of_the_address(
        self, client: type[ToriiClient], address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(ConfigurationError) as caught:
            client("https://api.torii.so", api_url=address)
        assert_hidden(caught.value)
        monkeypatch.setenv("TORII_API_URL", address)
        with pytest.raises(ConfigurationError) as caught:
            client(KEY)
        assert_hidden(caught.value)


def echo(status: int) -> Callable[[Received], Response]:
    """Respond with what arrived, as careless servers do."""

    def respond(request: Received) -> Response:
        seen = dict(request.headers.items())
        text = str(request.headers["Authorization"])
        problem = {"detail": f"Bad header: {text}", "headers": seen, "title": text, "code": text}
        return as_json(problem, status, X_Seen=text, X_Request_Id=text)

    return respond


def half_an_echo(request: Received) -> Response:
    return Response(raw=[as_bytes(echo(200)(request))[:-5]])


class TestCalls:
    """Whatever goes wrong."""

    @pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 409, 429, 500, 503])
    def test_an_error_that_quotes_it(
        self, server: ApiServer, torii: ToriiClient, status: int
    ) -> None:
        server.respond_with(echo(status))
        with pytest.raises(torii_backend.ToriiApiError) as caught:
            torii.users.get(USER_ID)
        assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}"
        assert caught.value.status == status
        assert_hidden(caught.value)

    @pytest.mark.parametrize(
        "escape", ["\\u{:04x}", "\\u{:04X}", "\\\\u{:04x}", "%{:02x}", "&#x{:x};", "&#{:d};"]
    )
    @pytest.mark.parametrize("status", [401, 500])
    def test_an_error_that_quotes_it_escaped(
        self, server: ApiServer, torii: ToriiClient, status: int, escape: str
    ) -> None:
        """Whichever characters are escaped, in JSON, in text and in headers."""
        for escaped in ("_", "0", KEY):
            quoted = "".join(escape.format(ord(one)) if one in escaped else one for one in KEY)
            body = '{"detail": "%s", "code": "%s", "supportId": "%s", "%s": 1}' % ((quoted,) * 4)
            for text in (body, body[:-1], f"<html>{quoted}"):
                server.respond_with(Response(status, text.encode(), (("X-Request-Id", quoted),)))
                with pytest.raises(ToriiApiError) as caught:
                    torii.users.get(USER_ID)
                assert_hidden(caught.value)
                shown = repr(vars(caught.value)) + str(caught.value)
                assert quoted not in shown.replace("\\\\", "\\")
                assert "[secret key]" in shown

    @pytest.mark.parametrize(
        "script",
        [
            echo(200),
            half_an_echo,
            lambda request: Response(200, f"<html>{request.headers}</html>".encode()),
            lambda request: as_json([str(request.headers["Authorization"])]),
        ],
    )
    def test_an_invalid_response_that_quotes_it(
        self, server: ApiServer, torii: ToriiClient, script: Callable[[Received], Response]
    ) -> None:
        server.respond_with(script)
        with pytest.raises(InvalidResponse) as caught:
            torii.users.get(USER_ID)
        assert_hidden(caught.value)

    def test_a_key_of_another_form(self, server: ApiServer, connect: Connect) -> None:
        key = "opaque-0123456789-secret"
        server.respond_with(echo(500))
        with pytest.raises(ServerError) as caught:
            connect(server.url, secret_key=key, max_retries=0).users.get(USER_ID)
        assert_hidden(caught.value, key)

    def test_a_response_that_contains_it_by_chance(
        self, server: ApiServer, connect: Connect
    ) -> None:
        """What is read is what was sent: only errors are masked."""
        server.respond_with(as_json({"test": "test@example.com"}))
        torii = connect(server.url, secret_key="test")
        assert torii.request("GET", "/things") == {"test": "test@example.com"}

    def test_no_connection(self, nowhere: str, connect: Connect) -> None:
        torii = connect(nowhere, max_retries=1)
        with pytest.raises(ToriiConnectionError) as caught:
            torii.users.get(USER_ID)
        assert_hidden(caught.value)

    @pytest.mark.parametrize("pieces", [[], [b"220 smtp\r\n"], [b"HTTP/1.1 200 OK\r\nContent-Le"]])
    def test_no_response(self, server: ApiServer, torii: ToriiClient, pieces: list[bytes]) -> None:
        server.respond_with(Response(raw=pieces))
        with pytest.raises(ToriiError) as caught:
            torii.users.create(email="ada@example.com")
        assert_hidden(caught.value)

    def test_no_response_in_time(self, server: ApiServer, torii: ToriiClient) -> None:
        with server.held(), pytest.raises(ToriiTimeout) as caught:
            torii.users.get(USER_ID, timeout=0.1)
        assert_hidden(caught.value)

    def test_no_adapter(self, session: requests.Session, connect: Connect) -> None:
        session.adapters.clear()
        with pytest.raises(ToriiConnectionError, match="has no adapter for Torii") as caught:
            connect("https://api.torii.so", session=session).users.get(USER_ID)
        assert_hidden(caught.value)

    @pytest.mark.parametrize("value", ["π", "a\r\nX-Injected: 1", "a\0", b"a\n"])
    def test_a_header_of_the_session_that_cannot_be_sent(
        self, server: ApiServer, session: requests.Session, connect: Connect, value: Any
    ) -> None:
        session.headers["X-Team"] = value
        torii = connect(server.url, session=session)
        with pytest.raises(
            ValueError, match=r"^session\.headers\['X-Team'\] must be one line"
        ) as caught:
            torii.users.get(USER_ID)
        assert_hidden(caught.value)
        assert server.requests == []

    def test_an_adapter_that_fails(self, session: requests.Session, connect: Connect) -> None:
        class Failing(HTTPAdapter):
            def send(self, *_: Any, **__: Any) -> requests.Response:
                raise RuntimeError("It is the adapter's own.")

        session.mount("https://", Failing())
        torii = connect("https://api.torii.so", session=session)
        with pytest.raises(RuntimeError, match="the adapter's own") as caught:
            torii.users.get(USER_ID)
        assert_hidden(caught.value)

    def test_arguments_that_cannot_be_sent(self, torii: ToriiClient) -> None:
        calls: list[Callable[[], Any]] = [
            lambda: torii.users.get(".."),
            lambda: torii.users.update_metadata(USER_ID, public_metadata={"a": float("nan")}),
            lambda: torii.organizations.list(name="\ud800"),
            lambda: torii.request("GET", "//evil"),
            lambda: torii.request("GET", "/things", query={"\ud800": "a"}),
        ]
        for call in calls:
            with pytest.raises(ValueError, match=r"\.$") as caught:
                call()
            assert_hidden(caught.value)

    def test_a_closed_client(self, server: ApiServer) -> None:
        torii = ToriiClient(KEY, api_url=server.url)
        torii.close()
        with pytest.raises(RuntimeError) as caught:
            torii.users.get(USER_ID)
        assert_hidden(caught.value)

    @pytest.mark.parametrize("script", [echo(401), echo(500), echo(200), Response(raw=[])])
    def test_awaited(self, server: ApiServer, script: Any) -> None:
        async def main() -> BaseException:
            async with AsyncToriiClient(KEY, api_url=server.url, max_retries=0) as torii:
                with pytest.raises(ToriiError) as caught:
                    await torii.users.get(USER_ID)
                return caught.value

        server.respond_with(script)
        assert_hidden(asyncio.run(main()))


class TestClients:
    """What a client shows of itself."""

    def test_its_parts(self, server: ApiServer, torii: ToriiClient) -> None:
        server.respond_with(as_json(user()))
        torii.users.get(USER_ID)
        texts = list(_texts(torii, depth=5))
        assert len(texts) > 50
        assert not [text for text in texts if PART in text]

    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    def test_it_cannot_be_pickled(self, torii: ToriiClient, protocol: int) -> None:
        for part in (torii, torii.users, torii.with_raw_response, torii.users.get):
            with pytest.raises((TypeError, pickle.PicklingError, AttributeError)) as caught:
                pickle.dumps(part, protocol)
            assert PART not in str(caught.value)

    def test_it_cannot_be_copied(self, torii: ToriiClient) -> None:
        for through in (copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="Make one in each process"):
                through(torii)
        with pytest.raises(TypeError):
            copy.deepcopy(torii.users)

    def test_an_awaited_one_cannot_be_pickled_either(self, server: ApiServer) -> None:
        async def main() -> None:
            async with AsyncToriiClient(KEY, api_url=server.url) as torii:
                for through in (pickle.dumps, copy.copy, copy.deepcopy):
                    with pytest.raises(TypeError):
                        through(torii)
                assert not [text for text in _texts(torii, depth=5) if PART in text]

        asyncio.run(main())

    def test_it_takes_the_key_to_no_thread_name(self, server: ApiServer) -> None:
        async def main() -> list[str]:
            async with AsyncToriiClient(KEY, api_url=server.url) as torii:
                await torii.request("GET", "/things")
                return [thread.name for thread in threading.enumerate()]

        assert not [name for name in asyncio.run(main()) if PART in name]


def _texts(value: Any, depth: int) -> Iterator[str]:
    """Give the repr of an object, and of what it is made of."""
    yield repr(value)
    yield str(value)
    if depth and type(value).__name__ != "SecretKey":  # it keeps what it keeps
        for part in list(getattr(value, "__dict__", {}).values()):
            yield from _texts(part, depth - 1)


@pytest.mark.parametrize(
    "script", [as_json(user()), echo(401), echo(500), echo(200), Response(raw=[])]
)
def test_logs(
    server: ApiServer, torii: ToriiClient, caplog: pytest.LogCaptureFixture, script: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    server.respond_with(script)
    try:
        torii.users.get(USER_ID)
    except ToriiError:
        logging.getLogger("app").exception("It failed.")
    assert [record for record in caplog.records if record.name == "torii_backend.client"]
    assert PART not in caplog.text
    assert not [record for record in caplog.records if PART in repr(vars(record))]
