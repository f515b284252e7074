"""Outages of the tenant host: each mode, how long it lasts, and what ends it."""

from __future__ import annotations

import socket
import time
from http.client import RemoteDisconnected
from typing import TYPE_CHECKING, Any

import pytest

from torii_backend import KeysUnavailable, Verifier
from torii_backend.emulator import Emulator

from .conftest import WATCHDOG, Wire
from .rest.api import api_of, problem

if TYPE_CHECKING:
    from collections.abc import Callable

JWKS = "/_torii/.well-known/jwks.json"
DISCOVERY = "/.well-known/openid-configuration"
BOTH = pytest.mark.parametrize("path", [JWKS, DISCOVERY])


@pytest.fixture(params=["python", "http"])
def outage(request: pytest.FixtureRequest, torii: Emulator, wire: Wire) -> Callable[..., object]:
    """Begin an outage in process or with the admin API."""

    def over_http(mode: str, **arguments: float) -> None:
        response = wire.post("/_emulator/outage", {"mode": mode, **arguments})
        assert (response.status, response.json()) == (200, {})

    return torii.outage if request.param == "python" else over_http


def _hanging(wire: Wire) -> socket.socket:
    """Send a request and see that it arrived but gets no response."""
    connection = wire.raw(f"GET {JWKS} HTTP/1.1\nHost: localhost\nExpect: 100-continue\n\n")
    arrived = [connection.recv(4096)]
    connection.settimeout(0.3)
    with pytest.raises(socket.timeout):
        _read_to_the_end(connection, arrived)
    assert set(b"".join(arrived).split(b"\r\n")) == {b"HTTP/1.1 100 Continue", b""}
    connection.settimeout(WATCHDOG)
    return connection


def _read_to_the_end(connection: socket.socket, arrived: list[bytes]) -> None:
    while more := connection.recv(4096):
        arrived.append(more)


@BOTH
def test_refuse_closes_the_connection_without_a_response(
    wire: Wire, outage: Callable[..., object], path: str, capfd: pytest.CaptureFixture[str]
) -> None:
    outage("refuse")
    with pytest.raises(RemoteDisconnected):
        wire.get(path)
    with pytest.raises(RemoteDisconnected):
        wire.send("HEAD", path)
    assert capfd.readouterr() == ("", "")


@BOTH
def test_error_is_503_with_a_json_body(
    wire: Wire, outage: Callable[..., object], path: str
) -> None:
    outage("error")
    response = wire.get(path)
    assert response.status == 503
    assert response.headers["Content-Type"] == "application/json"
    assert response.json()["error"]["code"] == "unavailable"
    assert response.message


@BOTH
def test_html_is_200_with_a_web_page(wire: Wire, outage: Callable[..., object], path: str) -> None:
    outage("html")
    response = wire.get(path)
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.body.startswith(b"<!doctype html>")


@pytest.mark.parametrize(
    ("target", "tenant_host", "rest_api"),
    [("tenant_host", 503, 201), ("rest_api", 200, 503), ("both", 503, 503)],
)
def test_an_outage_affects_its_target_only(
    torii: Emulator, outage: Callable[..., object], target: str, tenant_host: int, rest_api: int
) -> None:
    api = api_of(torii)
    outage("error", target=target)
    assert api.wire.get(JWKS).status == tenant_host
    response = api.request("POST", "/users", {})
    assert response.status == rest_api
    if rest_api == 503:
        assert problem(response)["code"] == "unavailable"
    torii.reset()
    assert len(api.found()) <= 1


@pytest.mark.parametrize("mode", ["refuse", "html", "hang"])
def test_each_mode_affects_the_rest_api(torii: Emulator, mode: Any) -> None:
    api = api_of(torii)
    user_id = api.user()["id"]
    torii.outage(mode, target="rest_api", seconds=0.2 if mode == "hang" else None)
    if mode == "html":
        assert api.request("GET", f"/users/{user_id}").body.startswith(b"<!doctype html>")
    else:
        with pytest.raises(RemoteDisconnected):
            api.request("GET", f"/users/{user_id}")


def test_slow_delays_the_right_response_by_two_seconds(torii: Emulator, wire: Wire) -> None:
    jwks = wire.jwks()
    torii.outage("slow")
    began = time.monotonic()
    assert wire.jwks() == jwks
    assert time.monotonic() - began >= 2


@BOTH
def test_hang_closes_the_connection_when_the_outage_ends(
    wire: Wire, outage: Callable[..., object], path: str
) -> None:
    began = time.monotonic()
    outage("hang", seconds=1)
    with pytest.raises(RemoteDisconnected):
        wire.get(path)
    assert time.monotonic() - began >= 1
    assert wire.get(path).status == 200


def test_an_outage_ends_with_its_block_and_verifiers_recover_at_once(torii: Emulator) -> None:
    verifier = Verifier(torii.issuer)
    token = torii.issue_token().access_token
    for _ in range(5):
        with torii.outage("error"), pytest.raises(KeysUnavailable):
            verifier.verify(token)
        assert verifier.verify(token).issuer == torii.issuer
        torii.reset()


@pytest.mark.parametrize("how", ["python", "http"])
def test_reset_releases_a_hanging_request(torii: Emulator, wire: Wire, how: str) -> None:
    torii.outage("hang")
    with _hanging(wire) as connection:
        if how == "python":
            torii.reset()
        else:
            wire.post("/_emulator/reset")
        assert connection.recv(1) == b""
    assert wire.get(JWKS).status == 200


def test_another_outage_releases_a_hanging_request(torii: Emulator, wire: Wire) -> None:
    torii.outage("hang")
    with _hanging(wire) as connection:
        torii.outage("error")
        assert connection.recv(1) == b""
    assert wire.get(JWKS).status == 503


def test_stop_releases_a_hanging_request_and_returns_at_once() -> None:
    torii = Emulator()
    torii.start()
    torii.outage("hang")
    with _hanging(Wire(torii.issuer)) as connection:
        began = time.monotonic()
        torii.stop()
        assert time.monotonic() - began < 5
        assert connection.recv(1) == b""


def test_reset_releases_a_slow_request(torii: Emulator, wire: Wire) -> None:
    torii.outage("slow")
    with _hanging(wire) as connection:
        torii.reset()
        assert connection.makefile("rb").readline() == b"HTTP/1.1 200 OK\r\n"


def test_a_client_that_disconnects_is_not_logged(
    torii: Emulator, wire: Wire, capfd: pytest.CaptureFixture[str]
) -> None:
    torii.outage("hang")
    _hanging(wire).close()
    torii.reset()
    assert wire.get(JWKS).status == 200
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("mode", ["refuse", "error", "html"])
def test_an_outage_lasts_until_reset(torii: Emulator, wire: Wire, mode: Any) -> None:
    jwks = wire.jwks()
    torii.outage(mode, seconds=86_400)
    torii.reset()
    assert wire.jwks() == jwks


@pytest.mark.parametrize("mode", ["refuse", "hang", "error", "html", "slow"])
def test_the_admin_api_stays_reachable_during_an_outage(
    torii: Emulator, wire: Wire, mode: Any
) -> None:
    torii.outage(mode)
    assert wire.post("/_emulator/tokens").status == 200
    assert wire.post("/_emulator/keys/rotate").status == 200
    assert wire.get("/elsewhere").status == 404
    assert wire.post("/_emulator/reset").status == 200
    assert len(wire.kids()) == 1


@pytest.mark.parametrize(
    ("mode", "seconds", "error", "argument"),
    [
        ("explode", None, ValueError, "mode"),
        ("", None, ValueError, "mode"),
        (None, None, ValueError, "mode"),
        ([], None, ValueError, "mode"),
        ("error", 0, ValueError, "seconds"),
        ("error", -1, ValueError, "seconds"),
        ("error", 86_400.5, ValueError, "seconds"),
        ("error", "5", TypeError, "seconds"),
        ("error", True, TypeError, "seconds"),
    ],
)
def test_an_invalid_argument_is_named_and_changes_nothing(
    torii: Emulator, wire: Wire, mode: Any, seconds: Any, error: type[Exception], argument: str
) -> None:
    with pytest.raises(error, match=rf"^{argument} must be .*\.$"):
        torii.outage(mode, seconds=seconds)
    body = {"mode": mode} if seconds is None else {"mode": mode, "seconds": seconds}
    response = wire.post("/_emulator/outage", body)
    assert response.status == 400
    assert argument in response.message
    assert wire.get(JWKS).status == 200


@pytest.mark.parametrize("target", ["keys", "", None, []])
def test_the_target_must_be_known(torii: Emulator, wire: Wire, target: Any) -> None:
    with pytest.raises(ValueError, match=r"^target must be one of .*\.$"):
        torii.outage("error", target=target)
    response = wire.post("/_emulator/outage", {"mode": "error", "target": target})
    assert (response.status, "target" in response.message) == (400, True)


@pytest.mark.parametrize(
    "body", [{"mode": "down"}, {"mode": "error", "target": "keys"}], ids=["mode", "target"]
)
def test_a_400_over_http_lists_the_choices(wire: Wire, body: dict[str, str]) -> None:
    (name, value) = list(body.items())[-1]
    message = wire.post("/_emulator/outage", body).message
    assert message.startswith(f"{name} must be one of ")
    assert value not in message
    assert {"mode": "refuse, slow.", "target": "both, rest_api, tenant_host."}[name] in message


@pytest.mark.parametrize("seconds", [float("nan"), float("inf")])
def test_seconds_must_be_finite(torii: Emulator, seconds: float) -> None:
    with pytest.raises(ValueError, match=r"^seconds must be more than zero"):
        torii.outage("error", seconds=seconds)


@pytest.mark.parametrize("body", [None, {}, {"seconds": 5}])
def test_the_mode_must_be_given(wire: Wire, body: Any) -> None:
    response = wire.post("/_emulator/outage", body)
    assert response.status == 400
    assert "mode" in response.message
