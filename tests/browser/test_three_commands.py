"""From a fresh clone to a signed-in page: the three commands of docs/browser.md."""

from __future__ import annotations

import re
import shlex
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from tests.ports import free_port

from .server import ROOT, running

if TYPE_CHECKING:
    from playwright.sync_api import Page

MODULES = {"torii": "torii_backend", "uvicorn": "uvicorn"}


def commands() -> list[str]:
    """Return the commands as the page shows them."""
    page = (ROOT / "docs" / "browser.md").read_text("utf-8")
    (block,) = re.findall(r"```console\n(.*?)```", page, re.DOTALL)[:1]
    return str(block).splitlines()


def run(command: str, port: int) -> AbstractContextManager[None]:
    """Run a command as a shell would, until it listens on a port."""
    words = shlex.split(command)
    variables = [word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word)]
    program, *arguments = words[len(variables) :]
    return running([MODULES[program], *arguments], port, dict(variables))


def test_three_commands_lead_to_a_signed_in_page(page: Page) -> None:
    install, emulator, app = commands()
    # What it installs is installed: here by tox, from the wheel.
    assert install == "python -m pip install '.[fastapi,proxy]' uvicorn"
    ports = {"4100": str(free_port()), "8000": str(free_port())}
    for documented, free in ports.items():
        emulator, app = emulator.replace(documented, free), app.replace(documented, free)
    with run(emulator, int(ports["4100"])), run(app, int(ports["8000"])):
        page.goto(f"http://localhost:{ports['8000']}")
        page.get_by_label("Email").fill("ada@example.com")
        page.get_by_label("Password").fill("correct horse")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Call the API").click()
        page.locator("#result").filter(has_text="200").wait_for()
