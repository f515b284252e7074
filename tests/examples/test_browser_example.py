"""The page of examples/browser starts by the commands of docs/browser.md, and what it calls works."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests

from tests.ports import free_port

from .test_examples import WATCHDOG, wait_until_up

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "browser"
INSTALL, EMULATOR, APP = re.findall(
    r"^(?:python|torii|TORII_ISSUER=\S+) .*$",
    (ROOT / "docs/browser.md").read_text("utf-8"),
    re.MULTILINE,
)
MODULES = {"torii": "torii_backend", "uvicorn": "uvicorn"}


@contextmanager
def _running(command: str, address: str) -> Iterator[None]:
    """Run a command of the page with this interpreter until the end of the block."""
    words = shlex.split(command)
    settings = dict(word.split("=", 1) for word in words if "=" in word)
    program, *arguments = words[len(settings) :]
    process = subprocess.Popen(
        [sys.executable, "-m", MODULES[program], *arguments],
        cwd=ROOT,
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_up(address, process)
        yield
    finally:
        process.terminate()
        process.wait(WATCHDOG)


@pytest.fixture(scope="module")
def app() -> Iterator[str]:
    """The address of the app, beside a running emulator."""
    ports = {"4100": str(free_port()), "8000": str(free_port())}
    emulator, app = (
        re.sub(r"\b(4100|8000)\b", lambda found: ports[found[1]], each) for each in (EMULATOR, APP)
    )
    with ExitStack() as stack:
        stack.enter_context(_running(emulator, f"http://127.0.0.1:{ports['4100']}"))
        address = f"http://127.0.0.1:{ports['8000']}"
        stack.enter_context(_running(app, address))
        yield address


def test_the_page_signs_in_through_the_proxy_and_calls_the_api(app: str) -> None:
    body = {"email": "ada@example.com", "password": "correct horse"}
    with requests.Session() as browser:
        browser.headers["Origin"] = app
        signed_in = browser.post(f"{app}/_torii/auth/login", json=body, timeout=WATCHDOG)
        assert signed_in.status_code == 200
        client = browser.get(f"{app}/_torii/client", timeout=WATCHDOG).json()
        acme = client["organizations"][0]["id"]
        refreshed = browser.post(f"{app}/_torii/auth/session/refresh", timeout=WATCHDOG)
        bearer = {"Authorization": f"Bearer {refreshed.json()['accessToken']}"}
        switch = f"{app}/_torii/organizations/{acme}/switch"
        switched = browser.post(switch, headers=bearer, timeout=WATCHDOG)
        bearer = {"Authorization": f"Bearer {switched.json()['accessToken']}"}
        assert browser.get(f"{app}/me", headers=bearer, timeout=WATCHDOG).json() == {
            "user_id": client["user"]["id"],
            "organization_id": acme,
            "organization_role": "admin",
        }
        assert browser.get(f"{app}/me", timeout=WATCHDOG).status_code == 401
        browser.post(f"{app}/_torii/auth/logout", timeout=WATCHDOG)
        assert dict(browser.cookies) == {}


def test_the_page_has_no_inline_script_and_allows_none(app: str) -> None:
    for path, content_type in (
        ("/", "text/html"),
        ("/page.js", "text/javascript"),
        ("/page.css", "text/css"),
    ):
        response = requests.get(app + path, timeout=WATCHDOG)
        assert response.headers["Content-Type"].startswith(content_type)
        assert "script-src 'self';" in response.headers["Content-Security-Policy"]
    page = (FOLDER / "index.html").read_text("utf-8")
    assert re.findall(r"<script[^>]*>([^<]*)</script>", page) == [""]
    assert re.search(r"<style|\sstyle=|\son\w+=", page) is None


def test_the_commands_begin_with_an_installation() -> None:
    assert INSTALL == "python -m pip install '.[fastapi,proxy]' uvicorn"
