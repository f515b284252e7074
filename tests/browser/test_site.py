"""The documentation site, from a server and, as a reader may have it, from a folder without any network."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.ports import free_port

from .accessibility import check
from .conftest import Windows
from .server import running

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# One build for all of them.
pytestmark = pytest.mark.xdist_group("site")

ROOT = Path(__file__).parents[2]
BUILD_SECONDS = 300  # on a machine that does much else
PAGES = [
    "index.html",
    "docs/errors.html",
    "docs/cors.html",
    "examples/flask_app.html",
    "reference/torii_backend.testing.html",
]
PHONE = {"color_scheme": "light", "viewport": {"width": 320, "height": 640}}
DESK = {"color_scheme": "dark", "viewport": {"width": 1280, "height": 800}}


@pytest.fixture(scope="module")
def folder(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site."""
    if find_spec("zensical") is None and "TORII_TESTS_NEED_BROWSER" not in os.environ:
        pytest.skip("for `tox run -e browser`, which installs zensical")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "docs/site/build.py", str(folder)]
    built = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "html"


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[str]:
    """Serve the site, and give its address."""
    port = free_port()
    command = ["http.server", str(port), "--bind", "127.0.0.1", "--directory", str(folder)]
    with running(command, port, {}):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def offline(browser: Browser) -> Iterator[Windows]:
    """Give a way to open windows, which must not ask any host for anything."""
    windows = Windows(browser)
    yield windows
    windows.close()
    assert windows.complaints == []
    assert windows.hosts == {""}


@pytest.mark.parametrize("screen", [PHONE, DESK], ids=["light phone", "dark desk"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible(
    windows: Windows, site: str, name: str, screen: dict[str, object]
) -> None:
    page = windows.open(**screen)
    page.goto(f"{site}/{name}")
    check(page)


def test_the_search_finds_a_reason_on_a_server(windows: Windows, site: str) -> None:
    _assert_finds_a_reason(windows, site)


def test_the_search_finds_a_reason_in_a_folder(offline: Windows, folder: Path) -> None:
    _assert_finds_a_reason(offline, folder.as_uri())


def _assert_finds_a_reason(windows: Windows, site: str) -> None:
    page = windows.open(**DESK)
    page.goto(f"{site}/index.html")
    page.get_by_role("button", name="Search").first.click()
    page.get_by_role("combobox", name="Search").fill("wrong_issuer")
    page.get_by_role("option", name="wrong_issuer").first.click()
    page.wait_for_url(lambda url: f"{site}/docs/errors.html" in url and "#wrong_issuer" in url)


def test_a_block_of_code_can_be_copied(windows: Windows, site: str) -> None:
    page = windows.open(**DESK)
    page.goto(f"{site}/examples/flask_app.html")
    page.locator("[data-md-type=copy]").nth(1).click()
    page.get_by_text("Copied to clipboard").first.wait_for()


def test_the_reader_chooses_between_light_and_dark(offline: Windows, folder: Path) -> None:
    page = offline.open(**DESK)
    page.goto(f"{folder.as_uri()}/index.html")
    schemes = []
    for name in ("Switch to light mode", "Switch to dark mode"):
        page.get_by_title(name).locator("visible=true").click()
        schemes.append(page.locator("body").get_attribute("data-md-color-scheme"))
    assert schemes == ["default", "slate"]
