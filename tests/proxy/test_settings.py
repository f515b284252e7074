"""The keywords of ToriiProxy: what is wrong is said when a proxy is made."""

from __future__ import annotations

import inspect
import os
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any, Optional

import pytest

import torii_backend
import torii_backend.asgi
import torii_backend.wsgi
from torii_backend import ConfigurationError
from torii_backend._guard.request import ASGIRequest, IncomingRequest, WSGIRequest
from torii_backend.proxy.settings import ProxySettings

ACME = "https://acme.torii.so"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TORII_ISSUER", "TORII_INSECURE_HOSTS", "TORII_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("options", "scheme", "host", "port", "authority"),
    [
        ({"issuer": ACME}, b"https", b"acme.torii.so", None, b"acme.torii.so"),
        ({"issuer": [f"{ACME}/"]}, b"https", b"acme.torii.so", None, b"acme.torii.so"),
        (
            {"upstream": " HTTPS://Acme.torii.so:443/ "},
            b"https",
            b"acme.torii.so",
            None,
            b"acme.torii.so",
        ),
        ({"upstream": f"{ACME}:8443"}, b"https", b"acme.torii.so", 8443, b"acme.torii.so:8443"),
        ({"issuer": "http://localhost:80"}, b"http", b"localhost", None, b"localhost"),
        ({"upstream": "http://127.0.0.1:4000"}, b"http", b"127.0.0.1", 4000, b"127.0.0.1:4000"),
        ({"upstream": "http://[::1]:4000"}, b"http", b"::1", 4000, b"[::1]:4000"),
        ({"upstream": "https://[2001:db8::1]"}, b"https", b"2001:db8::1", None, b"[2001:db8::1]"),
        (
            {"upstream": "https://b.example", "issuer": [ACME, "https://b.example"]},
            b"https",
            b"b.example",
            None,
            b"b.example",
        ),
    ],
)
def test_the_upstream_is_one_origin(
    options: Any, scheme: bytes, host: bytes, port: Optional[int], authority: bytes
) -> None:
    upstream = ProxySettings(**options).upstream
    assert (upstream.scheme, upstream.host, upstream.port) == (scheme, host, port)
    assert upstream.authority == authority


def test_the_issuer_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORII_ISSUER", ACME)
    assert ProxySettings().upstream.host == b"acme.torii.so"


@pytest.mark.parametrize("name", ["issuer", "upstream"])
def test_a_host_that_is_known_to_be_insecure_is_allowed(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: Any = {name: "http://torii:4000"}
    with pytest.raises(ConfigurationError, match=name):
        ProxySettings(**options)
    monkeypatch.setenv("TORII_INSECURE_HOSTS", "torii")
    assert ProxySettings(**options).upstream.authority == b"torii:4000"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "issuer must be set"),
        ({"issuer": [ACME, "https://b.example"]}, "upstream must be set if there are several"),
        ({"issuer": f"{ACME}/tenant"}, "issuer must be a URL without path"),
        ({"upstream": f"{ACME}/tenant"}, "upstream must be a URL without path"),
        ({"upstream": f"{ACME}?a=hunter2"}, "upstream must be a URL without user, query or frag"),
        ({"upstream": f"{ACME}#"}, "upstream must be a URL without user, query or fragment"),
        ({"upstream": "https://a:hunter2@b.example"}, "upstream must be a"),
        ({"upstream": "http://acme.torii.so"}, "upstream must use https"),
        ({"upstream": "ftp://acme.torii.so"}, "upstream must be the full URL"),
        ({"upstream": "acme.torii.so"}, "upstream must be the full URL"),
        ({"upstream": ""}, "upstream must be the full URL"),
        ({"upstream": b"https://acme.torii.so"}, "upstream must be a URL"),
        ({"upstream": "https://b\xfccher.example"}, "upstream must be ASCII"),
        ({"upstream": ACME, "issuer": "nonsense"}, "issuer must be the full URL"),
        ({"issuer": ACME, "timeout": 3}, "timeout must be two numbers"),
        ({"issuer": ACME, "timeout": (3, 30, 60)}, "timeout must be two numbers"),
        ({"issuer": ACME, "timeout": (3, None)}, "timeout must be a number"),
        ({"issuer": ACME, "timeout": (3, float("inf"))}, "timeout must be a finite number"),
        ({"issuer": ACME, "timeout": (0, 30)}, "timeout must be at least 0.1"),
        ({"issuer": ACME, "max_body": -1}, "max_body must be a whole number"),
        ({"issuer": ACME, "max_body": True}, "max_body must be a whole number"),
        ({"issuer": ACME, "client_ip": "X-Real-IP"}, "client_ip must be a plain function"),
        ({"issuer": ACME, "drop_cookies": "sid"}, "drop_cookies must be a list"),
        ({"issuer": ACME, "drop_cookies": ["a=b"]}, "drop_cookies must be a list"),
        ({"issuer": ACME, "drop_cookies": 1}, "drop_cookies must be a list"),
        ({"issuer": ACME, "pool_size": 0.5}, "pool_size must be a whole number"),
        ({"issuer": ACME, "ssl_context": True}, "ssl_context must be an ssl.SSLContext"),
    ],
)
def test_a_wrong_setting_is_a_configuration_error(options: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as error:
        ProxySettings(**options)
    assert "hunter2" not in str(error.value)


def test_a_context_must_verify_the_upstream() -> None:
    context = ssl.create_default_context()
    assert ProxySettings(issuer=ACME, ssl_context=context).ssl_context is context
    context.check_hostname = False
    with pytest.raises(ConfigurationError, match="ssl_context must verify"):
        ProxySettings(issuer=ACME, ssl_context=context)
    context.verify_mode = ssl.CERT_NONE
    with pytest.raises(ConfigurationError, match="ssl_context must verify"):
        ProxySettings(issuer=ACME, ssl_context=context)


def test_an_async_client_ip_is_a_configuration_error() -> None:
    async def client_ip(request: IncomingRequest) -> str:
        return request.remote_address

    wrong: Any = client_ip
    with pytest.raises(ConfigurationError, match="client_ip must be a plain function"):
        ProxySettings(issuer=ACME, client_ip=wrong)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        (None, None),
        ("", None),
        ("unix:", None),
        ("192.0.2.1, 6.6.6.6", None),
        ("192.0.2.1:80", None),
        ("fe80::1%eth0\r\nCookie: a=1", None),
        (1, None),
        (b"\x7f\0\0\1", None),
    ],
)
def test_the_clients_address_is_one_address_or_none(given: Any, sent: Optional[str]) -> None:
    settings = ProxySettings(issuer=ACME, client_ip=lambda _: given)
    assert settings.client_address(WSGIRequest({})) == sent
    assert ProxySettings(issuer=ACME).client_address(WSGIRequest({})) is None


@pytest.mark.parametrize(
    ("request_", "address"),
    [
        (WSGIRequest({"REMOTE_ADDR": "192.0.2.1"}), "192.0.2.1"),
        (WSGIRequest({}), ""),
        (ASGIRequest({"client": ("192.0.2.1", 50000), "headers": []}), "192.0.2.1"),
        (ASGIRequest({"client": None, "headers": []}), ""),
        (ASGIRequest({"headers": []}), ""),
    ],
)
def test_a_request_tells_the_address_of_its_peer(request_: IncomingRequest, address: str) -> None:
    assert request_.remote_address == address


@pytest.mark.parametrize("module", [torii_backend.wsgi, torii_backend.asgi])
def test_both_take_the_same_keywords(module: Any) -> None:
    _, *keywords = inspect.signature(module.ToriiProxy).parameters.values()
    expected = inspect.signature(ProxySettings).parameters.values()
    assert [(each.name, each.default) for each in keywords] == [
        (each.name, each.default) for each in expected
    ]
    with pytest.raises(TypeError, match="unexpected keyword argument 'retries'"):
        module.ToriiProxy(None, issuer=ACME, retries=3)


WITHOUT_HTTPCORE = """
import sys
sys.modules.update(dict.fromkeys(sys.argv[1:]))
import torii_backend.asgi, torii_backend.wsgi
for module in (torii_backend.asgi, torii_backend.wsgi):
    try:
        module.ToriiProxy(None, issuer="https://acme.torii.so")
    except torii_backend.ConfigurationError as error:
        print(error)
"""


@pytest.mark.parametrize("missing", [["httpcore", "httpcore2"], ["anyio"]], ids="-".join)
def test_without_the_extra_a_proxy_says_what_to_install(missing: list[str], tmp_path: Path) -> None:
    home = Path(torii_backend.__file__).parents[1]
    printed = subprocess.run(
        [sys.executable, "-c", WITHOUT_HTTPCORE, *missing],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(home)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    sentence = (
        "ToriiProxy needs httpcore and anyio. Install them with: pip install 'torii-backend[proxy]'"
    )
    assert printed.splitlines() == [sentence, sentence]
