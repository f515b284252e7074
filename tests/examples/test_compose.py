"""examples/compose without Docker: the commands and settings of its file, each service on an address of its own.

A service has an address of 127.0.0.0/8, which every name in the file leads to in all its processes, as
it does in a network of Docker. `0.0.0.0` is that address here, and `/data` a folder of the test.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

import torii_backend
from tests.installed import is_left_out
from torii_backend import Verifier

yaml = pytest.importorskip(
    "yaml", reason="reads the compose file with PyYAML, which isn't installed"
)

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "compose"
WATCHDOG = 30.0
ADA = "0198a000-0000-7000-8000-000000000001"
PROGRAMS = {
    "python": [],
    "torii": ["-m", "torii_backend"],
    "uvicorn": ["-m", "uvicorn"],
    "gunicorn": ["-m", "gunicorn"],
}
HOSTS_FILE = """\
import json, os, socket

addresses, real = json.loads(os.environ["ADDRESSES"]), socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: real(addresses.get(host, host), *rest, **more)
"""
pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="gunicorn runs on POSIX systems only"),
    pytest.mark.skipif(
        is_left_out("gunicorn") or is_left_out("uvicorn"), reason="this run has no servers"
    ),
]


def _services() -> Any:
    return yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))["services"]


class Compose:
    """The services of the file, which this test starts in the order of their conditions."""

    def __init__(self, folder: Path) -> None:
        self.services = _services()
        self.folder = folder
        (folder / "sitecustomize.py").write_text(HOSTS_FILE)
        network = f"127.{random.randint(1, 254)}.{random.randint(0, 254)}"
        self.addresses = {
            name: f"{network}.{number}" for number, name in enumerate(self.services, 2)
        }

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """Run a service until the end of the block, and wait until it is up or healthy."""
        with subprocess.Popen(
            self._command(name, self.services[name]["command"]),
            cwd=FOLDER,
            env=self._environment(name),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                self._wait_until_up(name, process)
                yield
            finally:
                process.terminate()
                process.wait(WATCHDOG)

    def _command(self, name: str, command: list[str]) -> list[str]:
        program, *arguments = command
        return [sys.executable, *PROGRAMS[program], *(self._here(name, each) for each in arguments)]

    def _environment(self, name: str) -> dict[str, str]:
        settings = self.services[name].get("environment", {})
        own = {key: value for key, value in os.environ.items() if not key.startswith("TORII_")}
        package = str(Path(torii_backend.__file__).resolve().parents[1])
        return {
            **own,
            **{key: self._here(name, value) for key, value in settings.items()},
            "ADDRESSES": json.dumps(self.addresses),
            "PYTHONPATH": os.pathsep.join([str(self.folder), package]),
        }

    def _here(self, name: str, text: str) -> str:
        for own in ("0.0.0.0", "127.0.0.1"):  # noqa: S104
            text = text.replace(own, self.addresses[name])
        return text.replace("/data", str(self.folder))

    def _wait_until_up(self, name: str, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + WATCHDOG
        while not self._is_up(name):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the service {name} did not start")
            time.sleep(0.05)

    def _is_up(self, name: str) -> bool:
        check = self.services[name].get("healthcheck")
        if check is not None:
            kind, *command = check["test"]
            assert kind == "CMD"
            done = subprocess.run(
                self._command(name, command),
                env=self._environment(name),
                stderr=subprocess.DEVNULL,
                timeout=WATCHDOG,
                check=False,
            )
            return done.returncode == 0
        port = int(self.services[name]["ports"][0].rpartition(":")[2])
        with socket.socket() as probe:
            return probe.connect_ex((self.addresses[name], port)) == 0


@pytest.fixture
def compose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Compose:
    compose = Compose(tmp_path)
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *rest: Any, **more: Any) -> Any:
        return real(compose.addresses.get(host, host), *rest, **more)

    with socket.socket() as probe:
        try:
            probe.bind((compose.addresses["torii"], 0))
        except OSError:
            pytest.skip("this system has one loopback address only")
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    for name in ("TORII_ISSUER", "TORII_SECRET_KEY", "TORII_INSECURE_HOSTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    return compose


def _token() -> str:
    response = requests.post(
        "http://torii:4100/_emulator/tokens", json={"userId": ADA}, timeout=WATCHDOG
    )
    assert response.status_code == 200, response.text
    token: str = response.json()["accessToken"]
    return token


def test_a_token_of_the_emulator_opens_both_apps_under_the_names_of_the_file(
    compose: Compose,
) -> None:
    with ExitStack() as services:
        for name in compose.services:
            services.enter_context(compose.running(name))
        headers = {"Authorization": f"Bearer {_token()}"}
        for url in ("http://api:8000/me", "http://web:8001/"):
            signed_in = requests.get(url, headers=headers, timeout=WATCHDOG)
            assert (signed_in.status_code, signed_in.json()) == (200, {"user_id": ADA})
            assert requests.get(url, timeout=WATCHDOG).status_code == 401
        profile = requests.get("http://api:8000/profile", headers=headers, timeout=WATCHDOG)
        assert profile.json() == {"email": "ada@example.com", "first_name": "Ada"}
        foreign = requests.get(
            "http://torii:4100/_emulator/health",
            headers={"Host": "evil.example"},
            timeout=WATCHDOG,
        )
        assert foreign.status_code == 403


def test_a_token_from_before_a_restart_of_the_emulator_still_verifies(compose: Compose) -> None:
    with compose.running("torii"):
        token = _token()
    with compose.running("torii"):
        verifier = Verifier("http://torii:4100", insecure_hosts=["torii"])
        assert verifier.verify(token).environment_id == "0198a000-0000-7000-8000-00000000000e"
        assert verifier.verify(_token()).user_id == ADA


def test_the_apps_and_the_emulator_agree_on_their_settings() -> None:
    services = _services()
    emulator = services["torii"]["environment"]
    for name in ("api", "web"):
        backend = services[name]["environment"]
        assert backend["TORII_ISSUER"] == emulator["TORII_EMULATOR_ISSUER"]
        assert backend["TORII_SECRET_KEY"] == emulator["TORII_EMULATOR_SECRET_KEY"]
        assert services[name]["depends_on"] == {"torii": {"condition": "service_healthy"}}
    for service in services.values():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
