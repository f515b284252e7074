"""The console, as a test opens and reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torii_backend.emulator import Emulator

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


def visit(page: Page, torii: Emulator, name: str) -> Locator:
    """Open a section, and wait until it has its data."""
    page.goto(f"{torii.issuer}/_emulator/#{name}")
    section = page.locator(f"main[aria-busy=false] #{name}")
    section.wait_for()
    return section


def says(page: Page, text: str) -> None:
    """Wait until the status line contains a text."""
    page.get_by_role("status").filter(has_text=text).wait_for()
