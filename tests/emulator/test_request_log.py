"""The list of requests, and the line that each one is logged with."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable
from datetime import datetime
from http.client import RemoteDisconnected
from threading import Thread
from typing import Any

import pytest

from torii_backend.emulator import Emulator

from .conftest import WATCHDOG, Wire
from .rest.api import api_of, instant

JWKS = "/_torii/.well-known/jwks.json"
REDEEM = "/_torii/auth/session/impersonate"


def _requests(wire: Wire) -> list[dict[str, Any]]:
    response = wire.get("/_emulator/requests")
    assert response.status == 200
    assert list(response.json()) == ["requests"]
    requests: list[dict[str, Any]] = response.json()["requests"]
    return requests


def _last(wire: Wire) -> Any:
    """Return the last request with its bodies."""
    return wire.get(f"/_emulator/requests/{_requests(wire)[-1]['n']}").json()


def _wait(condition: Callable[[], bool]) -> None:
    """Wait for what follows the end of a connection. For a response there is nothing to wait for."""
    deadline = time.monotonic() + WATCHDOG
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)


def test_requests_are_listed_in_order_with_status_and_time(torii: Emulator, wire: Wire) -> None:
    before = datetime.fromisoformat("2020-01-01T00:00:00+00:00")
    wire.get(JWKS)
    api_of(torii).user()
    wire.get("/nowhere")
    wire.send("GET", JWKS, headers={"Host": "evil.example"})
    requests = _requests(wire)
    assert [(each["method"], each["path"], each["status"]) for each in requests] == [
        ("GET", JWKS, 200),
        ("POST", "/api/server/v1/users", 201),
        ("GET", "/nowhere", 404),
        ("GET", JWKS, 403),
    ]
    assert [each["n"] for each in requests] == [1, 2, 3, 4]
    for each in requests:
        assert list(each) == ["n", "method", "path", "status", "ms", "at"]
        assert each["ms"] >= 0
        assert instant(each["at"]) > before


def test_the_admin_api_is_not_listed(wire: Wire) -> None:
    wire.post("/_emulator/tokens")
    wire.get("/_emulator/nothing")
    wire.get("/%5Femulator/health")
    assert _requests(wire) == []


def test_a_dropped_connection_has_no_status(torii: Emulator, wire: Wire) -> None:
    with torii.outage("refuse"), pytest.raises(RemoteDisconnected):
        wire.get(JWKS)
    _wait(lambda: _requests(wire) != [])
    assert _last(wire)["status"] is None


def test_the_last_200_are_kept(torii: Emulator, wire: Wire) -> None:
    for _ in range(205):
        wire.get(JWKS)
    assert [each["n"] for each in _requests(wire)] == list(range(6, 206))
    assert wire.get("/_emulator/requests/5").status == 404
    torii.reset()
    assert _requests(wire) == []
    wire.get(JWKS)
    assert [each["n"] for each in _requests(wire)] == [206]


@pytest.mark.parametrize("n", ["0", "1", "x", "-1", "1.0", "9" * 100, "²"])
def test_an_unknown_number_is_a_404(wire: Wire, n: str) -> None:
    assert wire.get(f"/_emulator/requests/{n.replace('²', '%C2%B2')}").status == 404


def test_bodies_are_there_on_demand_and_masked(torii: Emulator, wire: Wire) -> None:
    api = api_of(torii)
    api.user(email="ada@example.com", password="hunter2hunter2")
    entry = _last(wire)
    sent = {"email": "ada@example.com", "password": "…"}
    assert json.loads(entry["requestBody"]) == sent
    assert json.loads(entry["responseBody"])["email"] == "ada@example.com"
    assert "hunter2" not in json.dumps(entry)
    assert torii.secret_key not in json.dumps(entry)


def test_an_impersonation_token_is_masked_wherever_it_is(torii: Emulator, wire: Wire) -> None:
    api = api_of(torii)
    api.ok("PUT", "/allowed-origins", {"origins": ["http://localhost:3000"]})
    body = {"actorUserId": api.user()["id"], "reason": "x", "redirectUrl": "http://localhost:3000/"}
    token = api.ok("POST", f"/users/{api.user()['id']}/impersonation-token", body)["token"]
    entries = [_last(wire)]
    wire.send("HEAD", f"{REDEEM}?token={token}")
    entries.append(_last(wire))
    access = wire.post(REDEEM, {"token": token}).json()["accessToken"]
    entries.append(_last(wire))
    assert [entry["path"] for entry in entries[1:]] == [REDEEM, REDEEM]
    assert token not in json.dumps(entries)
    assert access not in json.dumps(entries)


def test_nothing_that_signs_a_user_in_is_kept(torii: Emulator, wire: Wire) -> None:
    def post(path: str, document: Any) -> Any:
        headers = {"Content-Type": "application/json"}
        response = wire.send("POST", f"/_torii/auth/{path}", json.dumps(document), headers)
        assert response.status == 200, response
        return response.json() if response.body else {}

    account = {"email": "ada@example.com", "password": "hunter2hunter2"}
    started = post("signup", account)
    code = torii.mailbox()[-1].code
    documents = [started, post("signup/verify-email", {"token": started["token"], "code": code})]
    documents.append(post("login?_is_native=1", account))
    post("forgot-password", {"email": account["email"]})
    reset = torii.mailbox()[-1].code
    post("reset-password", {"email": account["email"], "code": reset, "password": "hunter2too"})
    kept = json.dumps([wire.get(f"/_emulator/requests/{n}").json() for n in range(1, 6)])
    tokens = [
        value for each in documents for name, value in each.items() if "token" in name.lower()
    ]
    assert len(tokens) == 4
    assert account["email"] in kept
    secrets = ["hunter2", *(f'"{each}' for each in (code, reset)), *tokens]
    assert [secret for secret in secrets if secret in kept.replace("\\", "")] == []


def test_a_body_that_nobody_read_is_none(wire: Wire) -> None:
    wire.send("POST", "/api/server/v1/users", '{"email": "ada@example.com"}')
    entry = _last(wire)
    assert (entry["status"], entry["requestBody"]) == (401, None)


def test_a_long_path_is_cut(wire: Wire) -> None:
    wire.get("/" + "a" * 5000)
    assert _last(wire)["path"] == "/" + "a" * 198 + "…"


def test_a_method_with_control_characters_is_quoted(wire: Wire) -> None:
    with wire.raw("G\x1b[31m /x HTTP/1.1\nHost: localhost\nConnection: close\n\n") as connection:
        assert connection.makefile("rb").readline().split()[1] == b"404"
    assert _last(wire)["method"] == "G%1B%5B31M"


def test_many_threads_get_a_number_each(torii: Emulator, wire: Wire) -> None:
    threads = [Thread(target=wire.get, args=(JWKS,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each["n"] for each in _requests(wire)] == list(range(1, 21))


def test_each_request_is_one_line_at_info(
    torii: Emulator, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "torii_backend.emulator")
    wire.get(f"{JWKS}?cursor=hunter2")
    wire.get("/a%0Ab%1b")
    wire.post("/_emulator/tokens")
    wire.get("/_emulator/health")
    with torii.outage("refuse"), pytest.raises(RemoteDisconnected):
        wire.get(JWKS)
    _wait(lambda: len(caplog.records) == 4)
    lines = [record.getMessage() for record in caplog.records]
    expected = [
        f"GET {JWKS} 200",
        "GET /a%0Ab%1B 404",
        "POST /_emulator/tokens 200",
        f"GET {JWKS} dropped",
    ]
    assert len(lines) == len(expected)
    for line, start in zip(lines, expected):
        assert re.fullmatch(re.escape(start) + r" [\d.]+ ms", line)
    assert {(record.name, record.levelname) for record in caplog.records} == {
        ("torii_backend.emulator", "INFO")
    }


def test_reading_the_admin_api_is_logged_at_debug(
    wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "torii_backend.emulator")
    wire.get("/_emulator/health")
    (record,) = caplog.records
    assert (record.levelname, record.getMessage()[:26]) == ("DEBUG", "GET /_emulator/health 200 ")
