"""`torii trigger`: a signed event for a receiver."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator.webhooks.endpoint import Endpoint
from tests.ports import free_port
from torii_backend import Event
from torii_backend.cli.main import main

SECRET, OTHER = (
    "whsec_zwIoMcBbMEpOjAmGVYd0oDZrPvsGk+jzPzISCk/UiBg=",
    "whsec_MDEyMzQ1Njc4OWFiY2RlZg==",
)
URL = "http://127.0.0.1:1/"
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _secret_in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORII_WEBHOOK_SECRET", SECRET)


def _event(endpoint: Endpoint, secret: str = SECRET) -> Event:
    return endpoint.received[-1].event(secret)


def test_it_sends_an_event_and_prints_the_response(endpoint: Endpoint, capfd: Capture) -> None:
    assert main(["trigger", "user.deleted", "--to", endpoint.url]) == 0
    output, errors = capfd.readouterr()
    status, body = output.splitlines()
    assert (status[:7], status[-3:], body, errors) == ("200 in ", " ms", '{"status":"ok"}', "")
    event = _event(endpoint)
    assert (event.type, list(event.data)) == ("user.deleted", ["id"])
    main(["trigger", "user.deleted", "--to", endpoint.url, "--data", "[5]"])
    assert _event(endpoint).data == [5]
    assert _event(endpoint).delivery_id != event.delivery_id


@pytest.mark.parametrize("status", [400, 500, 302])
def test_other_statuses_are_exit_code_1(endpoint: Endpoint, capfd: Capture, status: int) -> None:
    endpoint.statuses, endpoint.response = [status], b"\x1b[2Jno\r\n\n"
    assert main(["trigger", "x", "--to", endpoint.url]) == 1
    assert capfd.readouterr().out.splitlines()[1:] == ["?[2Jno?"]


def test_without_a_response(endpoint: Endpoint, capfd: Capture) -> None:
    endpoint.statuses = [0]
    assert main(["trigger", "x", "--to", endpoint.url]) == 1
    assert main(["trigger", "x", "--to", f"http://127.0.0.1:{free_port()}/"]) == 1
    assert capfd.readouterr().out.splitlines() == [
        "No response: connection failed (RemoteDisconnected).",
        "No response: nothing listens there.",
    ]


def test_json(endpoint: Endpoint, capfd: Capture) -> None:
    assert main(["trigger", "x", "--to", endpoint.url, "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert document.pop("seconds") > 0
    assert document == {"status": 200, "body": '{"status":"ok"}', "problem": None}


def test_the_option_comes_before_the_variable(endpoint: Endpoint) -> None:
    main(["trigger", "x", "--to", endpoint.url, "--secret", f"{OTHER},{SECRET}"])
    for secret in (OTHER, SECRET):
        assert _event(endpoint, secret).type == "x"


@pytest.mark.parametrize(
    ("arguments", "variables", "words"),
    [
        (["--to", "http://192.0.2.1/"], {}, "--to must be a loopback URL"),
        (["--to", "127.0.0.1:8000"], {}, "--to must be a URL, such as"),
        (["--data", "{secret"], {}, "--data must be JSON, such as"),
        (["--data", "\ud800"], {}, "--data must be JSON, such as"),
        (["--secret", "sk_live_secret"], {}, "secret must be base64"),
        (["--secret", ""], {}, "secret must be set"),
        ([], {"TORII_WEBHOOK_SECRET": ""}, "secret must be set"),
        ([], {"TORII_SECRET_KEY": "sk_live_secret"}, "TORII_SECRET_KEY must be a test key"),
    ],
)
def test_wrong_inputs_are_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capfd: Capture,
    arguments: list[str],
    variables: dict[str, Any],
    words: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main(["trigger", "x", "--to", URL, *arguments]) == 2
    output, errors = capfd.readouterr()
    assert output == ""
    assert errors.startswith(words)
    assert len(errors.splitlines()) == 1
    assert not any(each in errors for each in ("live_secret", "{secret", SECRET))
