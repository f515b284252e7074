"""Every page and section: axe-core finds nothing, in light and dark, on a phone and on a desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from torii_backend.emulator import Emulator

from .users import add_user, call

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from .conftest import Windows

PHONE = {"width": 320, "height": 640}
DESK = {"width": 1280, "height": 800}


def check(page: Page) -> None:
    """Assert that axe-core finds nothing, and that nothing is wider than the window."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page)
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


def fill(torii: Emulator) -> None:
    """Make something of everything that pages show."""
    ada = add_user(torii, "Ada", "ada@example.com")
    mallory = add_user(torii, "Mallory " + "x" * 100, "mallory@example.com")
    call(torii, "POST", f"/users/{mallory}/ban")
    acme = call(torii, "POST", "/organizations", {"name": "Acme"})["id"]
    call(torii, "POST", "/members", {"organizationId": acme, "userId": ada, "role": "admin"})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_the_sign_in_page(
    windows: Windows, torii: Emulator, scheme: str, viewport: dict[str, int]
) -> None:
    fill(torii)
    page = windows.open(color_scheme=scheme, viewport=viewport)
    page.goto(f"{torii.issuer}/_emulator/sign-in")
    page.get_by_text("Advanced").click()
    check(page)
    page.get_by_label("Extra claims").fill("{")
    page.get_by_role("button", name="Sign in with these options").click()
    page.get_by_text("claims must be").wait_for()
    check(page)
    page.get_by_role("button", name="Sign in as Mallory").click()
    page.get_by_text("is banned").first.wait_for()
    check(page)
    page.goto(f"{torii.issuer}/_emulator/sign-in?redirect=https://evil.example")
    check(page)
