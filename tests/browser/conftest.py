"""Fixtures: Chromium, browsers' windows whose every request is watched, and an emulator with users."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Optional
from urllib.parse import urlsplit

import pytest

from tests.support.clock import WATCHDOG
from torii_backend.emulator import Emulator

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def _missing() -> Optional[str]:
    if find_spec("playwright") is None or find_spec("axe_playwright_python") is None:
        return "for `tox run -e browser`, which installs Playwright"
    if shutil.which("chromium") is None:
        return "Chromium isn't installed: apt-get install chromium"
    return None


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    missing = _missing()
    if missing is not None:
        if "TORII_TESTS_NEED_BROWSER" in os.environ:
            pytest.fail(missing)
        pytest.skip(missing)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=ARGUMENTS
        )
        yield browser
        browser.close()


class Windows:
    """Opens browser windows, and notes what their pages ask for and complain of."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self.hosts: set[str] = set()
        self.complaints: list[str] = []

    def open(self, **options: Any) -> Page:
        """Open a window that shares no cookies with others. The options are those of `new_context`."""
        context = self._browser.new_context(**options)
        context.set_default_timeout(WATCHDOG * 1000)
        page = context.new_page()
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname or ""))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._listen)
        return page

    def _listen(self, message: Any) -> None:
        # Chromium also reports each response of 400 or more here, which a test may expect.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.complaints.append(message.text)

    def close(self) -> None:
        """Close all windows."""
        for context in self._browser.contexts:
            context.close()


@pytest.fixture
def windows(browser: Browser) -> Iterator[Windows]:
    """Give a way to open windows. Whatever a test does, all their requests must stay on this machine."""
    windows = Windows(browser)
    yield windows
    windows.close()
    assert windows.complaints == []
    assert windows.hosts
    for host in windows.hosts - {"localhost"}:
        assert ip_address(host).is_loopback


@pytest.fixture
def page(windows: Windows) -> Page:
    return windows.open()


@pytest.fixture
def torii() -> Iterator[Emulator]:
    with Emulator() as torii:
        yield torii
