"""A session of the user's, and what the environment says: proxies, certificates, passwords."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter

from torii_backend import ToriiConnectionError
from torii_backend.client import ToriiClient

from .conftest import KEY, Connect
from .recording import RecordingAdapter
from .server import ApiServer, as_json

ORIGINS = as_json({"origins": []})


class Canned(BaseAdapter):
    """Answers by itself, as adapters for tests do."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self._body = body

    def send(self, *_: Any, **__: Any) -> requests.Response:
        response = requests.Response()
        response.status_code = 200
        response._content = self._body
        return response

    def close(self) -> None:
        pass


class TestSession:
    """A session of the user's."""

    def test_its_headers_are_sent(self, server: ApiServer, session: requests.Session) -> None:
        server.respond_with(ORIGINS)
        session.headers["X-Team"] = "red"
        with ToriiClient(KEY, api_url=server.url, session=session) as torii:
            torii.allowed_origins.get()
            session.headers["X-Team"] = "blue"
            session.headers["User-Agent"] = "ours/1"
            torii.allowed_origins.get()
        first, second = server.requests
        assert (first.headers["X-Team"], second.headers["X-Team"]) == ("red", "blue")
        assert second.headers["User-Agent"] == "ours/1"

    def test_a_header_that_is_none_is_not_sent(
        self, server: ApiServer, session: requests.Session
    ) -> None:
        """As requests itself has it."""
        server.respond_with(ORIGINS)
        session.headers["X-Team"] = None  # type: ignore[assignment]
        with ToriiClient(KEY, api_url=server.url, session=session) as torii:
            torii.allowed_origins.get()
        assert "X-Team" not in server.requests[0].headers

    def test_its_own_authorization_does_not_win(
        self, server: ApiServer, session: requests.Session
    ) -> None:
        server.respond_with(ORIGINS)
        session.headers["authorization"] = "Bearer other"
        with ToriiClient(KEY, api_url=server.url, session=session) as torii:
            torii.allowed_origins.get()
        assert server.requests[0].headers.get_all("Authorization") == [f"Bearer {KEY}"]
        assert session.headers["authorization"] == "Bearer other"

    @pytest.mark.parametrize(
        "prefix", ["http://", "{url}", "{url}/", "{url}/api/server/v1/allowed-origins"]
    )
    def test_its_adapters_are_used(
        self, server: ApiServer, session: requests.Session, prefix: str
    ) -> None:
        server.respond_with(ORIGINS)
        adapter = RecordingAdapter()
        session.mount(prefix.format(url=server.url), adapter)
        with ToriiClient(KEY, api_url=server.url, session=session) as torii:
            torii.allowed_origins.get()
        [(request, settings)] = adapter.calls
        assert request.url == f"{server.url}/api/server/v1/allowed-origins"
        assert settings["timeout"] == (5.0, 30.0)
        assert len(server.requests) == 1

    def test_an_adapter_may_have_the_whole_body(self, session: requests.Session) -> None:
        session.mount("https://", Canned(b'{"origins":["https://a.example"]}'))
        with ToriiClient(KEY, api_url="https://api.torii.so", session=session) as torii:
            assert torii.allowed_origins.get().origins == ("https://a.example",)

    def test_an_adapter_that_is_mounted_later_is_used(
        self, server: ApiServer, session: requests.Session
    ) -> None:
        server.respond_with(ORIGINS)
        adapter = RecordingAdapter()
        with ToriiClient(KEY, api_url=server.url, session=session) as torii:
            session.mount("http://", adapter)
            torii.allowed_origins.get()
        assert len(adapter.calls) == 1

    def test_its_proxies_are_used(
        self, server: ApiServer, other: ApiServer, session: requests.Session
    ) -> None:
        other.respond_with(ORIGINS)
        session.proxies = {"http": other.url}
        with ToriiClient(KEY, api_url=server.url, session=session) as torii:
            torii.allowed_origins.get()
        assert server.requests == []
        assert other.requests[0].target == f"{server.url}/api/server/v1/allowed-origins"

    def test_what_is_passed_by(self, server: ApiServer, session: requests.Session) -> None:
        server.respond_with(as_json({"origins": []}, Set_Cookie="seen=1"))
        called: list[str] = []
        session.auth = ("ada", "secret")
        session.params = {"team": "red"}
        session.cookies.set("session", "1")
        session.hooks["response"].append(lambda *_, **__: called.append("hook"))
        with ToriiClient(KEY, api_url=server.url, session=session) as torii:
            torii.allowed_origins.get()
            torii.allowed_origins.get()
        for request in server.requests:
            assert request.headers["Authorization"] == f"Bearer {KEY}"
            assert "Cookie" not in request.headers
            assert request.query == ""
        assert called == []

    def test_it_stays_open(self, server: ApiServer, session: requests.Session) -> None:
        server.respond_with(ORIGINS)
        with ToriiClient(KEY, api_url=server.url, session=session) as torii:
            torii.allowed_origins.get()
        session.get(server.url)
        session.get(server.url)
        assert server.connections == 2
        assert "Authorization" not in server.requests[1].headers


class TestEnvironment:
    """What the environment says about proxies, certificates and passwords."""

    def test_a_proxy_is_used(
        self, other: ApiServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTPS_PROXY", other.url)
        with pytest.raises(ToriiConnectionError):  # it knows no CONNECT
            connect("https://torii.invalid", max_retries=0).allowed_origins.get()
        assert other.connections == 1

    def test_no_proxy_counts(
        self, other: ApiServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTPS_PROXY", other.url)
        monkeypatch.setenv("NO_PROXY", ".invalid")
        with pytest.raises(ToriiConnectionError):
            connect("https://torii.invalid", max_retries=0).allowed_origins.get()
        assert other.connections == 0

    def test_it_is_looked_up_once(
        self, other: ApiServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        torii = connect("https://torii.invalid", max_retries=0)
        monkeypatch.setenv("HTTPS_PROXY", other.url)
        with pytest.raises(ToriiConnectionError):
            torii.allowed_origins.get()
        assert other.connections == 0
        torii = connect("https://torii.invalid", max_retries=0)
        monkeypatch.delenv("HTTPS_PROXY")
        with pytest.raises(ToriiConnectionError):
            torii.allowed_origins.get()
        assert other.connections == 1

    @pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"])
    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
    @pytest.mark.parametrize("replaced", ["nothing", "send", "request"])
    def test_loopback_goes_through_none(
        self,
        server: ApiServer,
        other: ApiServer,
        session: requests.Session,
        monkeypatch: pytest.MonkeyPatch,
        variable: str,
        host: str,
        replaced: str,
    ) -> None:
        """The proxy would see the key, and could not reach this machine's loopback."""
        monkeypatch.setenv(variable, other.url)
        if replaced != "nothing":
            real = getattr(session, replaced)
            monkeypatch.setattr(session, replaced, lambda *args, **rest: real(*args, **rest))  # noqa: PLW0108
        server.respond_with(ORIGINS)
        url = server.url.replace("127.0.0.1", host)
        for given in (None, session):
            with ToriiClient(KEY, api_url=url, session=given) as torii:
                torii.allowed_origins.get()
        assert (len(server.requests), other.connections) == (2, 0)

    def test_a_session_that_does_not_trust_it_is_obeyed(
        self,
        other: ApiServer,
        session: requests.Session,
        connect: Connect,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("HTTPS_PROXY", other.url)
        session.trust_env = False
        with pytest.raises(ToriiConnectionError):
            connect("https://torii.invalid", session=session, max_retries=0).allowed_origins.get()
        assert other.connections == 0

    @pytest.mark.parametrize(
        ("variable", "value", "message"),
        [
            ("REQUESTS_CA_BUNDLE", "/nowhere.pem", "A configured certificate file does"),
            ("HTTPS_PROXY", "htp://127.0.0.1:1", "The URL of the configured proxy is not valid"),
            ("HTTPS_PROXY", "http://", "The URL of the configured proxy is not valid"),
        ],
    )
    def test_what_cannot_work_is_said_at_once(
        self,
        connect: Connect,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        variable: str,
        value: str,
        message: str,
    ) -> None:
        caplog.set_level("DEBUG", "torii_backend.client")
        monkeypatch.setenv(variable, value)
        torii = connect("https://torii.invalid")
        with pytest.raises(ToriiConnectionError, match=f"^{message}") as caught:
            torii.allowed_origins.get()
        assert value not in str(caught.value)
        assert "attempt 1" in caplog.text

    @pytest.mark.parametrize("own_session", [False, True])
    def test_netrc_is_never_read(
        self,
        server: ApiServer,
        session: requests.Session,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        own_session: bool,
    ) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login ada password secret\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        session.get(server.url)
        assert server.requests[0].headers["Authorization"].startswith("Basic ")
        server.respond_with(ORIGINS)
        given = None if own_session else session
        with ToriiClient(KEY, api_url=server.url, session=given) as torii:
            torii.allowed_origins.get()
        assert server.requests[1].headers.get_all("Authorization") == [f"Bearer {KEY}"]
