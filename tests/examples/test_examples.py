"""Each example runs by the command in its own first line, and the quickstart by the README's."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.installed import is_left_out
from tests.ports import free_port
from torii_backend.emulator import Emulator

ROOT = Path(__file__).parents[2]
APPS = sorted(path.name for path in (ROOT / "examples").glob("*_app.py"))
# Where the framework is imported by another name.
MODULES = {"drf_app.py": "rest_framework"}
WITHOUT_ADAPTER = {"bottle", "falcon", "litestar", "pyramid", "quart", "starlette", "websocket"}
WATCHDOG = 30.0


@contextmanager
def running(example: str, issuer: str) -> Iterator[str]:
    """Run an example by its first line, but for the ports; yields its address."""
    port = str(free_port())
    first_line = (ROOT / "examples" / example).read_text().splitlines()[0]
    setting, program, *arguments = shlex.split(first_line.lstrip("# "))
    assert setting == "TORII_ISSUER=http://127.0.0.1:4100"
    command = {
        "python": [sys.executable],
        "flask": [sys.executable, "-m", "flask"],
        "uvicorn": [sys.executable, "-m", "uvicorn"],
    }[program]
    process = subprocess.Popen(
        [*command, *(port if argument == "8000" else argument for argument in arguments)],
        cwd=ROOT,
        env={**os.environ, "TORII_ISSUER": issuer},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield wait_until_up(f"http://127.0.0.1:{port}", process)
    finally:
        process.terminate()
        process.wait(WATCHDOG)


def wait_until_up(address: str, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + WATCHDOG
    while time.monotonic() < deadline and process.poll() is None:
        try:
            requests.get(f"{address}/health", timeout=WATCHDOG)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return address
    pytest.fail("the example did not start")


def is_run(example: str) -> bool:
    return not is_left_out(MODULES.get(example, example.partition("_")[0]))


@pytest.mark.parametrize("example", [example for example in APPS if is_run(example)])
def test_the_example_guards_me_and_leaves_health_open(example: str) -> None:
    with Emulator() as torii, running(example, torii.issuer) as address:
        token = torii.issue_token(user_id="user_ada").access_token
        signed_in = requests.get(
            f"{address}/me", headers={"Authorization": f"Bearer {token}"}, timeout=WATCHDOG
        )
        anonymous = requests.get(f"{address}/me", timeout=WATCHDOG)
        health = requests.get(f"{address}/health", timeout=WATCHDOG)

    assert (signed_in.status_code, signed_in.json()) == (200, {"user_id": "user_ada"})
    assert anonymous.status_code == 401
    assert anonymous.headers["WWW-Authenticate"] == 'Bearer realm="torii"'
    assert (health.status_code, health.json()) == (200, {"user_id": None})


def test_the_websocket_of_the_example_says_back_what_the_user_says() -> None:
    with Emulator() as torii, running("websocket_app.py", torii.issuer) as address:
        token = torii.issue_token(user_id="user_ada").access_token
        url = address.replace("http:", "ws:") + "/ws"
        offers = [Subprotocol("torii"), Subprotocol(f"torii.bearer.{token}")]
        with connect(url, subprotocols=offers) as websocket:
            websocket.send("hello")
            said = websocket.recv(WATCHDOG)
        with pytest.raises(InvalidStatus) as refused:
            connect(url, subprotocols=offers[:1])

    assert (websocket.subprotocol, said) == ("torii", "user_ada: hello")
    assert refused.value.response.status_code == 401


def test_there_is_an_example_for_every_adapter_and_framework() -> None:
    adapters = {path.name for path in (ROOT / "adapters").iterdir() if path.is_dir()}
    # Those of MCP guard no app: docs/mcp.md has their examples.
    expected = (adapters - {"__pycache__", "mcp", "fastmcp"}) | WITHOUT_ADAPTER
    assert {name.replace("_app.py", "") for name in APPS} == expected


def test_the_quickstart_prints_a_table_without_surprises() -> None:
    run = subprocess.run(
        [sys.executable, "examples/quickstart.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=2 * WATCHDOG,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "All as expected." in run.stdout
    assert run.stdout.count("200 user_ada") == 15
    rows = [line.split() for line in run.stdout.splitlines() if line.startswith("client:")]
    assert rows == [
        ["client:", "create", "active", "Nora", "+45", "12345678", "1", "issued"],
        ["client:", "update", "active", "Ada", "none", "1", "issued"],
        ["client:", "ban", "banned", "Ada", "none", "0", "refused"],
    ]
    assert run.stdout.count("401 revoked") == run.stdout.count("handled 1x") == 2
