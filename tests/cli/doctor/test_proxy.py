"""The first-party proxy: who responds to `/_torii/client` of the app's own origin."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.support.jwks_server import Response
from torii_backend.cli.main import main

from .conftest import NOWHERE, Diagnose, Host

CLIENT = "/_torii/client"


@pytest.fixture
def app() -> Iterator[Host]:
    """An app on loopback, whose proxy does what a test decides."""
    server = Host()
    try:
        yield server
    finally:
        server.stop()


def test_a_proxy_that_works(diagnose: Diagnose, host: Host, app: Host) -> None:
    app.publish_json(CLIENT, {"authenticated": False})
    found = diagnose(origin=app.issuer)
    assert found.has("ok", "proxy.reachable", app.issuer.partition("//")[2])
    assert found.has("ok", "proxy.response", "the proxy works")
    (request,) = app.requests
    assert request.path == CLIENT
    assert request.headers["Cookie"] is None
    assert host.requests


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (Response(b"<!doctype html>hunter2"), "200 and a web page: the app swallows it"),
        (Response(b"<h1>Not Found</h1>", 404), "404 and a web page: the app swallows it"),
        (Response(b"", 301, (("Location", f"{CLIENT}/"),)), "301: the app redirects it"),
        (Response(b"{}", 401), "401: a guard is outside the proxy"),
        (Response(b'{"hunter2":1}', 403), "403: Torii finds no tenant by the Host"),
        (Response(b"{}", 502), "502: the proxy can't reach Torii"),
        (Response(b"{}", 504), "504: the proxy can't reach Torii"),
        (Response(b"{}", 404), "404, but not as Torii"),
        (Response(b'["hunter2"]', 200), "200, but not as Torii"),
        (Response(b"hunter2", 200), "200, but not as Torii"),
    ],
)
def test_a_proxy_that_does_not_work(
    diagnose: Diagnose, app: Host, response: Response, words: str
) -> None:
    app.pages[CLIENT] = response
    found = diagnose(origin=app.issuer)
    assert found.has("ok", "proxy.reachable")
    assert found.has("failed", "proxy.response", words)


def test_an_app_that_does_not_run(diagnose: Diagnose) -> None:
    found = diagnose(origin=NOWHERE)
    assert found.has("failed", "proxy.reachable", "127.0.0.1:1: the connection was refused")
    assert found.has("unknown", "proxy.response", "because proxy.reachable failed")


def test_the_command_takes_an_origin(
    app: Host, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    app.publish_json(CLIENT, {})
    assert main(["doctor", "--json", "--origin", f"{app.issuer}/"]) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [each["id"] for each in findings][-2:] == ["proxy.reachable", "proxy.response"]
    assert host.requests


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "app.example",
        "http://app.example",
        "https://app.example/x",
        "https://ada:hunter2@app.example",
    ],
)
def test_an_origin_that_is_not_valid(origin: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--origin", origin]) == 2
    output, talk = capsys.readouterr()
    assert output == ""
    assert talk.startswith("--origin must ")
    assert "hunter2" not in talk
