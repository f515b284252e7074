"""What users put in place of parts of requests is used: no call passes a mock by."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, Callable, Optional
from unittest import mock

import pytest
import requests
from requests.adapters import HTTPAdapter

from torii_backend import ToriiConnectionError
from torii_backend.client import AsyncToriiClient, NotFound, ToriiClient

from .conftest import KEY, Connect
from .records import USER_ID, user
from .server import ApiServer, Response, again, as_json


def response(status: int = 204, body: bytes = b"", **headers: str) -> requests.Response:
    """Make a response as tests do."""
    made = requests.Response()
    made.status_code, made._content = status, body
    made.headers.update(headers)
    return made


def adapter() -> mock.Mock:
    return mock.Mock(**{"send.return_value": response()})


def always(*_: Any, **__: Any) -> requests.Response:
    return response()


def bare(status: int = 204) -> mock.MagicMock:
    return mock.MagicMock(status_code=status)


Mocking = Callable[[requests.Session], Any]

MOCKS: dict[str, Mocking] = {
    "Session.send": lambda _: mock.patch("requests.Session.send", return_value=response()),
    "a bare response": lambda _: mock.patch("requests.Session.send", return_value=bare()),
    "a specified response": lambda _: mock.patch(
        "requests.sessions.Session.send",
        return_value=mock.Mock(spec=requests.Response, status_code=204, headers={}),
    ),
    "autospec": lambda _: mock.patch.object(
        requests.Session, "send", autospec=True, return_value=response()
    ),
    "a function": lambda _: mock.patch.object(requests.Session, "send", always),
    "Session.request": lambda _: mock.patch("requests.Session.request", return_value=response()),
    "request, autospec": lambda _: mock.patch.object(
        requests.Session, "request", autospec=True, return_value=response()
    ),
    "Session.get_adapter": lambda _: mock.patch(
        "requests.Session.get_adapter", return_value=adapter()
    ),
    "HTTPAdapter.send": lambda _: mock.patch.object(HTTPAdapter, "send", return_value=response()),
    "send of the session": lambda session: mock.patch.object(
        session, "send", return_value=response()
    ),
    "request of the session": lambda session: mock.patch.object(
        session, "request", return_value=response()
    ),
    "get_adapter of the session": lambda session: mock.patch.object(
        session, "get_adapter", return_value=adapter()
    ),
    "an adapter's send": lambda session: mock.patch.object(
        session.adapters["http://"], "send", return_value=response()
    ),
    "urlopen": lambda _: mock.patch(
        "urllib3.connectionpool.HTTPConnectionPool.urlopen", side_effect=OSError("mocked")
    ),
}
OF_THE_CLASS = {name: made for name, made in MOCKS.items() if "session" not in name}


@contextmanager
def client(server: ApiServer, session: Optional[requests.Session]) -> Iterator[ToriiClient]:
    with ToriiClient(KEY, api_url=server.url, session=session, max_retries=0) as torii:
        yield torii


@pytest.mark.parametrize("name", MOCKS)
def test_a_mock_keeps_a_user_alive(server: ApiServer, session: requests.Session, name: str) -> None:
    for given in (
        (session, None) if name in OF_THE_CLASS and "adapter's" not in name else (session,)
    ):
        for made_before in (True, False):
            with ExitStack() as stack:
                if made_before:
                    torii = stack.enter_context(client(server, given))
                mocked = stack.enter_context(MOCKS[name](session))
                if not made_before:
                    torii = stack.enter_context(client(server, given))
                if name == "urlopen":
                    with pytest.raises(ToriiConnectionError):
                        torii.users.delete(USER_ID)
                else:
                    torii.users.delete(USER_ID)
                assert not isinstance(mocked, mock.Mock) or mocked.called
    assert server.connections == 0


@pytest.mark.parametrize("name", OF_THE_CLASS)
def test_awaited(server: ApiServer, session: requests.Session, name: str) -> None:
    async def main() -> None:
        async with AsyncToriiClient(KEY, api_url=server.url, max_retries=0) as torii:
            with MOCKS[name](session):
                try:
                    await torii.users.delete(USER_ID)
                except ToriiConnectionError:
                    assert name == "urlopen"

    if "adapter's" not in name:
        asyncio.run(main())
    assert server.connections == 0


def test_a_mock_that_is_there_before_the_import(server: ApiServer) -> None:
    program = f"""
from unittest import mock
with mock.patch("requests.Session.send") as send:
    send.return_value.status_code = 204
    from torii_backend.client import ToriiClient
    ToriiClient({KEY!r}, api_url={server.url!r}).users.delete("1")
    assert send.called
"""
    root = str(Path(__file__).parents[2])
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60, cwd=root)
    assert server.connections == 0


LOOK_UPS = (
    "requests.adapters.HTTPAdapter.get_connection_with_tls_context",
    "urllib3.PoolManager.connection_from_host",
    "urllib3.PoolManager.connection_from_pool_key",
)


@pytest.mark.skipif(
    not hasattr(HTTPAdapter, "get_connection_with_tls_context"), reason="an old version of requests"
)
@pytest.mark.parametrize("name", LOOK_UPS)
def test_a_mock_of_a_look_up_is_asked_after_the_first_call_too(
    server: ApiServer, torii: ToriiClient, name: str
) -> None:
    server.respond_with(as_json(user()), as_json(user()))
    torii.users.get(USER_ID)
    with (
        mock.patch(name, side_effect=requests.ConnectionError("mocked")) as mocked,
        pytest.raises(ToriiConnectionError),
    ):
        torii.users.delete(USER_ID)
    assert mocked.called
    torii.users.get(USER_ID)
    assert [request.method for request in server.requests] == ["GET", "GET"]


def test_after_a_mock_calls_are_real_again(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(as_json(user()))
    with mock.patch("requests.Session.send", return_value=response()):
        torii.users.delete(USER_ID)
    torii.users.get(USER_ID)
    assert [request.method for request in server.requests] == ["GET"]


def test_a_mock_without_a_status(server: ApiServer, torii: ToriiClient) -> None:
    for target in ("requests.Session.send", "requests.Session.request"):
        with (
            mock.patch(target),
            pytest.raises(TypeError, match=r"must return a requests\.Response"),
        ):
            torii.users.delete(USER_ID)
    assert server.connections == 0


def test_what_a_mock_returns_is_read(torii: ToriiClient) -> None:
    body = as_json(user()).body
    with mock.patch("requests.Session.send", return_value=response(200, body)):
        assert torii.users.get(USER_ID).id == USER_ID
    with mock.patch("requests.Session.send", return_value=mock.Mock(status_code=200, content=body)):
        assert torii.users.get(USER_ID).id == USER_ID
    with mock.patch("requests.Session.send", return_value=response(404)), pytest.raises(NotFound):
        torii.users.get(USER_ID)
    with (
        mock.patch("requests.Session.request", side_effect=requests.ConnectionError),
        pytest.raises(ToriiConnectionError),
    ):
        torii.users.get(USER_ID)


class Overriding(requests.Session):
    """A session of the user's, as clients of other APIs have them."""

    def __init__(self) -> None:
        super().__init__()
        self.passed: list[str] = []

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        self.passed.append(f"request {method}")
        return super().request(method, url, *args, **kwargs)

    def send(self, request: Any, **kwargs: Any) -> requests.Response:
        self.passed.append(f"send {request.method}")
        return super().send(request, **kwargs)


class OverridingSend(Overriding):
    request = requests.Session.request


@pytest.mark.parametrize(
    ("kind", "passed"),
    [(Overriding, ["request PATCH", "send PATCH"]), (OverridingSend, ["send PATCH"])],
)
def test_a_subclass_sends_the_same(
    server: ApiServer,
    other: ApiServer,
    connect: Connect,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Overriding],
    passed: list[str],
) -> None:
    """Neither .netrc nor the session's own credentials win, and no redirect is followed."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ada password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server.respond_with(as_json(user()))
    with kind() as session:
        session.headers["X-Team"] = "red"
        session.auth = ("ada", "secret")
        torii = connect(server.url, session=session, max_retries=0)
        assert torii.users.update(USER_ID, first_name="Ada").id == USER_ID
        assert session.passed == passed
        [request] = server.requests
        assert (request.method, request.json) == ("PATCH", {"firstName": "Ada"})
        assert request.headers.get_all("Authorization") == [f"Bearer {KEY}"]
        assert request.headers.get_all("Content-Type") == ["application/json"]
        assert request.headers["X-Team"] == "red"
        server.respond_with(Response(307, b"", (("Location", other.url),)))
        with pytest.raises(Exception, match="307"):
            torii.users.get("a/b")
        assert server.requests[-1].path.endswith("/users/a%2Fb")
        torii.close()
    assert (other.connections, server.connections) == (0, 1)


def test_a_wrapper_of_an_instrumentation_sees_each_attempt(
    server: ApiServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As OpenTelemetry and APM agents do it."""
    real, seen = requests.Session.send, []

    @wraps(real)
    def traced(self: Any, request: Any, **kwargs: Any) -> requests.Response:
        seen.append(request.url)
        return real(self, request, **kwargs)

    monkeypatch.setattr(requests.Session, "send", traced)
    server.respond_with(again(503), as_json(user()))
    torii = connect(server.url)
    torii.users.get(USER_ID)
    assert seen == [f"{server.url}/api/server/v1/users/{USER_ID}"] * 2


class TestRequestsMock:
    """The package requests-mock."""

    @pytest.fixture
    def library(self) -> Any:
        return pytest.importorskip("requests_mock")

    @pytest.mark.parametrize("own_session", [False, True])
    def test_everything_is_mocked(
        self, server: ApiServer, session: requests.Session, library: Any, own_session: bool
    ) -> None:
        url = f"{server.url}/api/server/v1/users/{USER_ID}"
        with client(server, session if own_session else None) as torii, library.Mocker() as mocker:
            mocker.delete(url, status_code=204)
            mocker.get(url, json=user())
            torii.users.delete(USER_ID)
            assert torii.users.get(USER_ID).id == USER_ID
            assert mocker.last_request.headers["Authorization"] == f"Bearer {KEY}"
            with pytest.raises(library.NoMockAddress):
                torii.users.get("2")
        assert server.connections == 0

    def test_one_session_is_mocked(
        self, server: ApiServer, session: requests.Session, library: Any
    ) -> None:
        with client(server, session) as torii, library.Mocker(session=session) as mocker:
            mocker.delete(library.ANY, status_code=204)
            torii.users.delete(USER_ID)
        assert server.connections == 0

    def test_an_adapter_is_mounted(
        self, server: ApiServer, session: requests.Session, library: Any
    ) -> None:
        mounted = library.Adapter()
        mounted.register_uri("GET", library.ANY, json=user(), headers={"X-Request-Id": "r"})
        session.mount("http://", mounted)
        with client(server, session) as torii:
            assert torii.with_raw_response.users.get(USER_ID).headers["X-Request-Id"] == "r"
        assert server.connections == 0

    def test_what_is_not_mocked_may_pass(
        self, server: ApiServer, torii: ToriiClient, library: Any
    ) -> None:
        server.respond_with(as_json(user()))
        with library.Mocker(real_http=True):
            assert torii.users.get(USER_ID).id == USER_ID
        assert len(server.requests) == 1


@pytest.mark.parametrize("own_session", [False, True])
def test_responses(server: ApiServer, session: requests.Session, own_session: bool) -> None:
    """The package responses."""
    responses = pytest.importorskip("responses")
    url = f"{server.url}/api/server/v1/users/{USER_ID}"
    with (
        client(server, session if own_session else None) as torii,
        responses.RequestsMock() as mocked,
    ):
        mocked.delete(url, status=204)
        mocked.get(url, json=user())
        torii.users.delete(USER_ID)
        assert torii.users.get(USER_ID).id == USER_ID
        assert mocked.calls[0].request.headers["Authorization"] == f"Bearer {KEY}"
        with pytest.raises(ToriiConnectionError):
            torii.users.get("2")
    assert server.connections == 0
