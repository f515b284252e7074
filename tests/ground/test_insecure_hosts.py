"""Plain http beyond loopback: to listed names that can't be public, and never beside a live key."""

from __future__ import annotations

import asyncio
import logging
import pickle
import socket
from contextlib import suppress
from typing import Any, Callable

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fuzzing import any_text, fuzz
from torii_backend import (
    Authenticator,
    ConfigurationError,
    InvalidToken,
    Verifier,
    authenticate_request,
    authenticate_request_async,
    verify_token,
    verify_token_async,
)
from torii_backend.client import AsyncToriiClient, ToriiClient
from torii_backend.settings import (
    is_loopback,
    resolve_api_url,
    resolve_insecure_hosts,
    resolve_issuers,
)

ACME = "https://acme.torii.so"
TORII = "http://torii:4100"
KEY = "sk_test_0123456789"
BEARER = {"Authorization": "Bearer a.b.c"}

PRIVATE = [
    "torii",
    "torii-1",
    "torii_emulator_1",
    "t",
    "t1",
    "localhost",
    "torii.test",
    "torii.localhost",
    "a.b.internal",
    "torii.home.arpa",
    "1.test",
    "a" * 63,
]
PUBLIC = [
    "acme.com",
    "torii.so",
    "acme.torii.so",
    "torii.local",
    "torii.example",
    "test.com",
    "home.arpa",
    "torii.arpa",
    "xhome.arpa",
    "internal.acme.com",
    "torii.test.",
    "torii.",
    "ai",  # the domain of a country may have an address
    "xn--p1ai",
    ".test",
    "a..test",
    "*.test",
    "*",
    "-torii",
    "torii-",
    "torii.-a.test",
    "10.0.0.1",
    "0.0.0.0",  # noqa: S104
    "192.0.2.1",
    "::2",
    "[::1]",
    "2130706433",
    "134744072",
    "0x08080808",
    "1torii",
    "127.1",
    "torii:4100",
    "http://torii",
    "torii/path",
    "ada@torii",
    "torii evil",
    "torii,evil",
    "t\u00f6rii",
    "torii\u3002test",
    "torii\n.com",
    "a" * 64,
    "a." * 130 + "test",
    "",
]
# Whoever takes an issuer: each is called with one, and with more keywords.
WAYS: list[Callable[..., object]] = [
    Verifier,
    lambda issuer, **more: Authenticator(issuer=issuer, **more),
    lambda issuer, **more: Authenticator(issuer=lambda _: issuer, **more).authenticate(BEARER),
    lambda issuer, **more: verify_token("a.b.c", issuer=issuer, **more),
    lambda issuer, **more: verify_token("a.b.c", issuer=[issuer], **more),
    lambda issuer, **more: asyncio.run(verify_token_async("a.b.c", issuer=issuer, **more)),
    lambda issuer, **more: authenticate_request(BEARER, issuer=issuer, **more),
    lambda issuer, **more: asyncio.run(authenticate_request_async(BEARER, issuer=issuer, **more)),
    lambda issuer, **more: ToriiClient(KEY, api_url=issuer, **more),
    lambda issuer, **more: AsyncToriiClient(KEY, api_url=issuer, **more),
]


def _is_made(way: Callable[..., object], issuer: str, **more: Any) -> bool:
    """Return whether this issuer is taken. The token is refused anyway."""
    try:
        with suppress(InvalidToken):
            way(issuer, **more)
    except ConfigurationError:
        return False
    return True


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TORII_INSECURE_HOSTS", "TORII_SECRET_KEY", "TORII_API_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("host", PRIVATE)
def test_a_name_that_cannot_be_public_may_be_listed(host: str) -> None:
    assert resolve_insecure_hosts(host) == {host}
    assert resolve_issuers(f"http://{host}:4100", [f" {host.upper()} "]) == (f"http://{host}:4100",)
    assert resolve_api_url(f"http://{host}", (host,)) == f"http://{host}"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1"])
def test_a_loopback_address_may_be_listed_without_need(host: str) -> None:
    assert resolve_insecure_hosts([host]) == {host}


@pytest.mark.parametrize("host", PUBLIC)
def test_any_other_name_or_address_may_not(host: str) -> None:
    for listed in ([host], ["torii", host], {host}):
        with pytest.raises(
            ConfigurationError, match="insecure_hosts must be host names that can't"
        ):
            resolve_insecure_hosts(listed)


_labels = st.text("0123456789abcdefxotz-_.", max_size=12) | any_text
_names = st.tuples(_labels, st.sampled_from(["", ".test", ".internal", ".home.arpa"])).map("".join)


@given(_names)
@fuzz
def test_no_listed_name_is_an_address_or_another_host_to_a_client(name: str) -> None:
    try:
        (host,) = resolve_insecure_hosts([name])
    except ConfigurationError:
        return
    if is_loopback(host):
        return
    with pytest.raises(OSError, match="illegal IP address"):
        # Resolvers take every notation for an address that this does, such as 0x7f.1.
        socket.inet_aton(host)
    (url,) = resolve_issuers(f"http://{name.strip()}:4100", [name])
    sent = requests.Request("GET", f"{url}/keys").prepare()
    assert sent.url == f"http://{host}:4100/keys"


@pytest.mark.parametrize("way", WAYS)
def test_a_public_name_is_refused_also_where_the_issuer_has_https(
    way: Callable[..., object],
) -> None:
    with pytest.raises(ConfigurationError, match="insecure_hosts must be host names that can't"):
        way(ACME, insecure_hosts=["torii", "acme.com"])


@pytest.mark.parametrize(
    "host", ["acme.com", "10.0.0.1", "2130706433", "torii:4100", "a\u00e6.test"]
)
def test_the_variable_is_held_to_the_same_rule(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORII_INSECURE_HOSTS", f"torii,{host}")
    with pytest.raises(
        ConfigurationError, match="TORII_INSECURE_HOSTS must be host names"
    ) as caught:
        Verifier(ACME)
    assert host not in str(caught.value)


@pytest.mark.parametrize("listed", [5, b"torii", [5], [None], [b"torii"], object()])
def test_lists_of_another_type(listed: Any) -> None:
    with pytest.raises(ConfigurationError, match="insecure_hosts"):
        Verifier(ACME, insecure_hosts=listed)


@pytest.mark.parametrize("way", WAYS)
def test_the_error_names_the_remedy_and_the_remedy_works(
    way: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    remedy = r"must use https, .* list that name in insecure_hosts= or TORII_INSECURE_HOSTS\."
    with pytest.raises(ConfigurationError, match=remedy):
        way(TORII)
    for listed in ("torii", ["torii"], ("other", "torii"), {"TORII"}):
        assert _is_made(way, TORII, insecure_hosts=listed)
    assert not _is_made(way, "http://tori:4100", insecure_hosts=["torii"])
    # What was allowed for one guard is not for another.
    assert not _is_made(way, "http://torii:4101")
    monkeypatch.setenv("TORII_INSECURE_HOSTS", " other, torii ,")
    assert _is_made(way, "http://torii:4102")


@pytest.mark.parametrize(
    "url",
    [
        "http://acme.torii.so",
        "http://10.0.0.1:4100",
        "http://torii.so",
        "http://torii.",
        "http://torii.evil",
        "http://evil.torii",
        "http://xtorii",
        "http://[::2]:4100",
    ],
)
def test_a_host_that_is_not_listed_is_refused(url: str) -> None:
    for resolve in (resolve_issuers, resolve_api_url):
        with pytest.raises(ConfigurationError, match="must use https"):
            resolve(url, ["torii"])


@pytest.mark.parametrize(
    "url",
    [
        "http://ada:hunter2@torii:4100",
        "http://torii@evil.example:4100",
        "http://torii:4100?x",
        "http://torii:4100#x",
        "http://torii\\@evil.example",
        "http://torii%2eevil.example",
        "http://torii,evil.example",
        "ftp://torii",
        "http://*.test",
    ],
)
def test_a_listed_host_must_still_be_in_a_plain_url(url: str) -> None:
    for resolve in (resolve_issuers, resolve_api_url):
        with pytest.raises(ConfigurationError):
            resolve(url, ["torii"])


def test_an_argument_goes_before_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORII_INSECURE_HOSTS", "torii")
    assert Verifier(TORII).issuers == (TORII,)
    for listed in ([], ["other"]):
        with pytest.raises(ConfigurationError, match="must use https"):
            Verifier(TORII, insecure_hosts=listed)


@pytest.mark.parametrize("issuer", [TORII, ACME])
@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_listed_beside_a_live_key(
    way: Callable[..., object], issuer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORII_SECRET_KEY", "sk_live_0123456789")
    for listed in ("torii", ["torii"]):
        with pytest.raises(
            ConfigurationError, match=r"must be a test key, .*insecure_hosts"
        ) as caught:
            way(issuer, insecure_hosts=listed)
        assert "0123456789" not in str(caught.value)
    monkeypatch.setenv("TORII_INSECURE_HOSTS", "torii")
    with pytest.raises(ConfigurationError, match=r"must be a test key, .*TORII_INSECURE_HOSTS"):
        way(issuer)
    monkeypatch.delenv("TORII_INSECURE_HOSTS")
    assert _is_made(way, ACME)


@pytest.mark.parametrize("client", [ToriiClient, AsyncToriiClient])
def test_a_live_key_is_not_sent_to_an_insecure_host(client: type[ToriiClient]) -> None:
    live = "sk_live_0123456789"
    for key in (live, f'"{live}"', f"'{live}'", f"Bearer:{live}"):
        with pytest.raises(
            ConfigurationError, match=r"secret_key must be a test key, .* insecure host"
        ):
            client(key, api_url=TORII, insecure_hosts="torii")
    assert client(live, api_url="http://127.0.0.1:4100")
    assert client(live)


def test_a_warning_is_logged_once_for_each_host(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    listed = ["warned-1.test", "warned-2.test", "never-used.test"]
    for _ in range(2):
        Verifier(["http://warned-1.test", "http://warned-1.test:4100"], insecure_hosts=listed)
        Authenticator(issuer="http://warned-2.test", insecure_hosts=listed)
        ToriiClient(KEY, api_url="http://warned-1.test", insecure_hosts=listed)
        Verifier("http://127.0.0.1:4100", insecure_hosts=["127.0.0.1"])
    records = [(each.name, each.levelname) for each in caplog.records]
    assert records == [("torii_backend.settings", "WARNING")] * 2
    assert [each.getMessage().split()[0] for each in caplog.records] == listed[:2]


def test_a_pickled_verifier_keeps_the_list() -> None:
    verifier = Verifier(TORII, insecure_hosts=["torii"])
    assert pickle.loads(pickle.dumps(verifier)).issuers == (TORII,)  # noqa: S301


def test_a_guard_with_a_verifier_takes_no_list_of_its_own() -> None:
    with pytest.raises(ConfigurationError, match="insecure_hosts, not both"):
        Authenticator(verifier=Verifier(ACME), insecure_hosts=["torii"])
