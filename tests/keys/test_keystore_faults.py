"""Why a fetch failed: what the log says, and what the exception keeps."""

from __future__ import annotations

import logging
from typing import Any, Callable

import pytest
import requests

from tests.support.clock import Clock
from tests.support.issuer import URL, Issuer
from tests.support.jwks_server import JwksServer, Response, settle
from torii_backend import ConfigurationError, KeysUnavailable, Verifier

KEY = "sk_" + "live_abcdefghijklmnop"
TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1c2VyIn0.c2lnbmF0dXJlLXNpZ25hdHVyZQ"


@pytest.fixture(autouse=True)
def _log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "torii_backend")


class Failing:
    """A `fetch` that raises what a test wants, or nothing."""

    def __init__(self, clock: Clock, error: Any) -> None:
        self.error = error
        self.issuer = Issuer()
        self.verifier = Verifier(URL, fetch=self._fetch, clock=clock)
        self._clock = clock

    def _fetch(self, url: str, timeout: float) -> Any:
        if self.error is not None:
            raise self.error
        return self.issuer.fetch(url, timeout)

    def unavailable(self) -> KeysUnavailable:
        self._clock.advance(60)
        return unavailable(self.verifier)


def unavailable(verifier: Verifier) -> KeysUnavailable:
    """Let a verifier fetch in vain, and wait for the end of its log: `warm` may return before that."""
    with pytest.raises(KeysUnavailable) as caught:
        verifier.warm()
    settle()
    return caught.value


OUTAGES = [OSError("no route"), ConnectionError("gone"), TimeoutError("late"), ValueError("HTML")]
FAULTS = [
    ImportError("PyO3 modules do not yet support subinterpreters"),
    ModuleNotFoundError("No module named 'certifi'"),
    FileNotFoundError(2, "No such file or directory", "/etc/ca.pem"),
    PermissionError(13, "Permission denied", "/etc/ca.pem"),
    TypeError("fetch() takes 1 positional argument but 2 were given"),
    AttributeError("'NoneType' object has no attribute 'get'"),
    NameError("name 'reqests' is not defined"),
    KeyError("jwks"),
    SyntaxError("invalid syntax"),
    ConfigurationError("issuer must be set"),
]


@pytest.mark.parametrize("error", [*OUTAGES, *FAULTS], ids=lambda error: type(error).__name__)
def test_the_log_has_the_message_once_and_the_exception_its_cause(
    clock: Clock, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    failing = Failing(clock, error)
    for _ in range(3):
        assert failing.unavailable().__cause__ is error
    (record,) = caplog.records
    is_fault = error in FAULTS
    assert record.levelno == (logging.ERROR if is_fault else logging.WARNING)
    message = record.getMessage()
    assert f"{type(error).__name__}: {error}" in message
    assert URL in message
    assert ("because of this process or its settings" in message) == is_fault
    failing.error = None
    clock.advance(60)
    failing.verifier.warm()
    settle()
    assert "again" in caplog.records[-1].getMessage()


@pytest.mark.parametrize(
    ("returned", "kind"),
    [
        (b"{}", "bytes"),
        (None, "NoneType"),
        (("{}", {}), "tuple"),
        ((b"{}", None), "tuple"),
        ((b"{}", {}, 200), "tuple"),
        (requests.Response(), "Response"),
    ],
)
def test_a_fetch_that_returns_something_else_is_told_what_to_return(
    clock: Clock, caplog: pytest.LogCaptureFixture, returned: object, kind: str
) -> None:
    verifier = Verifier(URL, fetch=lambda *_: returned, clock=clock)  # type: ignore[arg-type]
    unavailable(verifier)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    sentence = "fetch must return (body, headers), such as (response.content, response.headers)."
    assert f"its settings: {sentence} It returned a {kind}" in record.getMessage()


def test_a_fault_within_an_outage_is_logged(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    failing = Failing(clock, OSError("no route"))
    failing.unavailable()
    failing.error = ImportError("no module")
    failing.unavailable()
    failing.unavailable()
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]


@pytest.mark.parametrize(
    "secret",
    [
        f"https://ada:hunter2@proxy.internal/{KEY}",
        f"cannot use {KEY} here",
        f"rejected {TOKEN}",
        "Authorization: Bearer hunter2",
        "{'Authorization': 'Basic hunter2'}",
        "password=hunter2",
        "password: 'hunter2'",
        "api_key hunter2",
        "via ada:hunter2@proxy.internal",
    ],
)
def test_the_log_has_no_urls_and_no_secrets(
    clock: Clock, caplog: pytest.LogCaptureFixture, secret: str
) -> None:
    Failing(clock, RuntimeError(f"failed: {secret}\r\nnext line")).unavailable()
    message = caplog.records[0].getMessage()
    assert "failed:" in message
    assert "\n" not in message
    for part in ("hunter2", "proxy.internal/", KEY, TOKEN):
        assert part not in message


def test_a_message_that_is_long_or_raises(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    class Odd(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    for error in (RuntimeError("a " * 10**6), Odd()):
        Failing(clock, error).unavailable()
    assert all(len(record.getMessage()) < 500 for record in caplog.records)
    assert "Odd" in caplog.records[-1].getMessage()


def test_the_reason_is_logged_and_not_the_objects_before_it(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    objects = f"<urllib3.pool.<locals>.{'Watched' * 20} object at 0x7f0e7e4507f0>: " * 3
    Failing(clock, OSError(f"not connected ({objects}Connection refused)")).unavailable()
    assert "not connected ( Connection refused)" in caplog.records[0].getMessage()


def test_a_host_that_does_not_listen_is_named_once(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    issuer = "http://127.0.0.1:1"
    unavailable(Verifier(issuer, clock=clock))
    message = caplog.records[0].getMessage()
    assert message.startswith(f"cannot fetch the keys of {issuer}: no usable response (Conn")
    assert message.endswith(("Connection refused')", 'Connection refused")'))
    assert message.count("127.0.0.1") == 1 and "jwks" not in message and "Watched" not in message


SETTINGS = {
    "missing CA file": ("REQUESTS_CA_BUNDLE", "/missing.pem", "missing.pem"),
    "CA file that has none": ("REQUESTS_CA_BUNDLE", __file__, "X509"),
    "malformed proxy": ("HTTPS_PROXY", "http://ada:hunter2@:80", "proxy"),
    "unknown proxy": ("HTTPS_PROXY", "nonsense://ada:hunter2@proxy.internal", "scheme"),
}


@pytest.mark.parametrize(("name", "value", "words"), SETTINGS.values(), ids=SETTINGS.keys())
def test_settings_that_requests_refuses(
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    server: JwksServer,
    name: str,
    value: str,
    words: str,
) -> None:
    monkeypatch.setenv(name, value)
    # No proxy is asked for a loopback address.
    loopback = server.issuer.replace("http:", "https:")
    issuer = loopback if name == "REQUESTS_CA_BUNDLE" else "https://acme.torii.so"
    error = unavailable(Verifier(issuer, clock=clock, fetch_timeout=60))
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    for text in (record.getMessage(), str(error.__cause__)):
        assert words in text
        assert "hunter2" not in text


CAUSES: dict[str, tuple[Callable[[JwksServer], object], str]] = {
    "status": (lambda server: server.respond_with(Response(b"", 503)), "status 503"),
    "no keys": (lambda server: server.respond_with(Response(b'{"keys":[]}')), "no usable ES256"),
    "refused": (lambda server: server.stop(), "refused"),
}


@pytest.mark.parametrize(("fault", "words"), CAUSES.values(), ids=CAUSES.keys())
def test_the_cause_of_an_outage(
    server: JwksServer,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    fault: Callable[[JwksServer], object],
    words: str,
) -> None:
    fault(server)
    cause = unavailable(Verifier(server.issuer, clock=clock, fetch_timeout=60)).__cause__
    assert cause is not None
    assert words in str(cause)
    assert words in caplog.records[0].getMessage()
    # It is kept for the whole outage, so it must not hold on to the exchange that failed.
    assert (cause.__traceback__, cause.__context__, cause.__cause__) == (None, None, None)


def test_an_exception_of_a_session_is_kept(clock: Clock, server: JwksServer) -> None:
    class Broken(requests.Session):
        def get(self, *_args: Any, **_options: Any) -> Any:
            return None.get()  # type: ignore[attr-defined]

    error = unavailable(Verifier(server.issuer, session=Broken(), clock=clock))
    assert type(error.__cause__) is AttributeError
