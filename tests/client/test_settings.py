"""Settings of a client: arguments, then the environment; what is wrong is refused at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Union

import pytest

from torii_backend import ConfigurationError
from torii_backend.client import (
    AsyncToriiClient,
    ToriiClient,
    create_async_torii_client,
    create_torii_client,
)
from torii_backend.settings import resolve_api_url

from .conftest import KEY
from .server import ApiServer, as_json

CLIENTS = [ToriiClient, AsyncToriiClient]
Client = Union[type[ToriiClient], type[AsyncToriiClient]]

GOOD_URLS: list[tuple[str, str]] = [
    ("https://api.torii.so", "https://api.torii.so"),
    ("https://api.torii.so/", "https://api.torii.so"),
    ("  https://api.torii.so\n", "https://api.torii.so"),
    ("https://api.example:8443", "https://api.example:8443"),
    ("https://api.example/torii/", "https://api.example/torii"),
    ("https://task_api.example", "https://task_api.example"),
    ("http://localhost:4100", "http://localhost:4100"),
    ("http://127.0.0.1:4100", "http://127.0.0.1:4100"),
    ("http://127.9.9.9", "http://127.9.9.9"),
    ("http://[::1]:4100", "http://[::1]:4100"),
]


@pytest.mark.parametrize(("given", "settled"), GOOD_URLS)
def test_usable_addresses(given: str, settled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_api_url(given) == settled
    monkeypatch.setenv("TORII_API_URL", given)
    assert resolve_api_url() == settled
    assert resolve_api_url("https://other.example") == "https://other.example"


@pytest.mark.parametrize("unset", [None, "", " "])
def test_the_default_address(unset: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if unset is not None:
        monkeypatch.setenv("TORII_API_URL", unset)
    assert resolve_api_url() == "https://api.torii.so"


WRONG_URLS: list[Any] = [
    "",
    " ",
    "secret.example",
    "//secret.example",
    "https:",
    "https://",
    "https:///secret",
    "https:/secret.example",
    "https://:443",
    "ftp://secret.example",
    "file:///etc/secret",
    "https://secret.example:99999",
    "https://secret.example:port",
    "https://[::1",
    "https://secret example",
    "https://secret.example\r\nX: y",
    "https://secret.example/\0",
    "http://secret.example",
    "http://0.0.0.0",
    "http://10.0.0.1",
    "http://[::2]",
    "http://localhost.secret.example",
    "http://127.0.0.1.secret.example",
    "http://127.0.0.1@secret.example",
    "http://localhost\\@secret.example",
    "http://localhost#@secret.example",
    "https://ada:secret@api.torii.so",
    "https://secret.example?a=b",
    "https://secret.example?",
    "https://secret.example#top",
    "https://secret.example/api/server/v1",
    "https://secret.example/api/server/v1/",
    "https://secret.example/api/server",
    "sk_live_secret",
    "pk_live_secret",
    "https://secret.example/sk_live_secret",
    b"https://api.torii.so",
    7,
    ["https://api.torii.so"],
]


def assert_refused(error: BaseException, setting: str) -> None:
    """Assert that an error is one sentence about a setting, and quotes nothing of its value."""
    assert type(error) is ConfigurationError
    message = str(error)
    assert message.startswith(setting) or setting in message
    assert message.endswith(".")
    assert len(message.splitlines()) == 1
    for secret in ("secret.example", "sk_live_", "0123", "10.0.0.1", "ada", "/etc"):
        assert secret not in message


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("address", WRONG_URLS)
def test_unusable_addresses(client: Client, address: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        client(KEY, api_url=address)
    assert_refused(caught.value, "api_url")


@pytest.mark.parametrize(
    "address", [url for url in WRONG_URLS if isinstance(url, str) and url.strip()]
)
def test_unusable_addresses_in_the_environment(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "\0" not in address:
        monkeypatch.setenv("TORII_API_URL", address)
        with pytest.raises(ConfigurationError) as caught:
            ToriiClient(KEY)
        assert_refused(caught.value, "api_url")


class TestSecretKey:
    def test_the_environment(self, server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TORII_SECRET_KEY", f" {KEY}\n")
        monkeypatch.setenv("TORII_API_URL", server.url)
        with create_torii_client() as torii:
            monkeypatch.delenv("TORII_SECRET_KEY")
            torii.request("GET", "/things")
        assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}"

    def test_an_argument_wins(self, server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TORII_SECRET_KEY", "sk_test_other")
        monkeypatch.setenv("TORII_API_URL", "https://other.example")
        with create_torii_client(secret_key=KEY, api_url=server.url) as torii:
            torii.request("GET", "/things")
        assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}"

    def test_the_awaited_client_takes_the_same(
        self, server: ApiServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def main() -> None:
            async with create_async_torii_client() as torii:
                await torii.request("GET", "/things")

        monkeypatch.setenv("TORII_SECRET_KEY", KEY)
        monkeypatch.setenv("TORII_API_URL", server.url)
        asyncio.run(main())
        assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}"

    @pytest.mark.parametrize("client", CLIENTS)
    def test_none_at_all(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(ConfigurationError, match="TORII_SECRET_KEY") as caught:
            client()
        assert_refused(caught.value, "secret_key")
        for blank in ("", " \n"):
            monkeypatch.setenv("TORII_SECRET_KEY", blank)
            with pytest.raises(ConfigurationError, match="TORII_SECRET_KEY"):
                client()

    @pytest.mark.parametrize("client", CLIENTS)
    @pytest.mark.parametrize(
        "key",
        [
            "",
            " ",
            "pk_live_0123",
            " pk_test_0123",
            "sk_live_0123é",
            "sk_live_0123\r\nX: y",
            "sk_live_0123\0",
            "sk_live_0123 sk_live_0123",
            "Bearer sk_live_0123",
            "sk_live_\u00a00123",
            b"sk_live_0123",
            7,
            ["sk_live_0123"],
        ],
    )
    def test_unusable_ones(self, client: Client, key: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TORII_SECRET_KEY", KEY)
        with pytest.raises(ConfigurationError) as caught:
            client(key)
        assert_refused(caught.value, "secret_key")

    def test_a_publishable_key_is_called_by_its_name(self) -> None:
        with pytest.raises(ConfigurationError, match="publishable key"):
            ToriiClient("pk_live_0123")

    def test_another_form_is_left_to_the_server(self, server: ApiServer) -> None:
        with ToriiClient("opaque-0123", api_url=server.url) as torii:
            torii.request("GET", "/things")
        assert server.requests[0].headers["Authorization"] == "Bearer opaque-0123"


WRONG: dict[str, Iterable[Any]] = {
    "timeout": [
        0,
        -1,
        float("nan"),
        float("inf"),
        10**400,
        86_401,
        True,
        "5",
        None,
        (1, 2, 3),
        (5,),
        (),
        [5, 30],
        (5, 0),
        (-1, 5),
        (5, None),
        (True, 5),
        {"connect": 5},
    ],
    "max_retries": [-1, True, "2", 2.0, None, float("nan")],
    "pool_size": [0, -1, True, "32", 1.5, None],
    "session": ["https://secret.example", object(), 7],
}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    ("setting", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_other_unusable_settings(client: Client, setting: str, value: Any) -> None:
    settings = {setting: value}
    with pytest.raises(ConfigurationError) as caught:
        client(KEY, api_url="https://api.torii.so", **settings)
    assert_refused(caught.value, setting)


@pytest.mark.parametrize(
    "settings",
    [
        {"timeout": 0.001},
        {"timeout": 86_400},
        {"timeout": (1, 2.5)},
        {"max_retries": 0},
        {"max_retries": 100},
        {"pool_size": 1},
    ],
)
def test_usable_settings(server: ApiServer, settings: dict[str, Any]) -> None:
    server.respond_with(as_json({}))
    with ToriiClient(KEY, api_url=server.url, **settings):
        pass
    assert server.connections == 0


@pytest.mark.parametrize("client", CLIENTS)
def test_they_go_by_name(client: Any) -> None:
    with pytest.raises(TypeError):
        client(KEY, "https://api.torii.so")
    with pytest.raises(TypeError, match="api_key"):
        client(api_key=KEY)
