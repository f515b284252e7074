"""Every page and section: axe-core finds nothing, on a phone in light colours and on a desk in dark ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from tests.support.clock import WATCHDOG
from torii_backend.emulator import Emulator

from .accessibility import check
from .console import visit
from .users import add_user, call

if TYPE_CHECKING:
    from .conftest import Windows

SECTIONS = [
    *("start", "users", "organizations"),
    *("tokens", "keys", "faults"),
    *("requests", "mailbox", "events"),
]
# What is only there after a click.
OPENED = {
    "users": {"Token as Ada": "Token of Ada: claims", "Sessions Ada": "since"},
    "organizations": {"Members of Acme": "Ada: admin"},
    "tokens": {"Issue token": "Issued token: claims"},
}
PHONE = {"color_scheme": "light", "viewport": {"width": 320, "height": 640}}
DESK = {"color_scheme": "dark", "viewport": {"width": 1280, "height": 800}}
SCREENS = pytest.mark.parametrize("screen", [PHONE, DESK], ids=["light phone", "dark desk"])


def fill(torii: Emulator) -> None:
    """Make something of everything that pages show."""
    ada = add_user(torii, "Ada", "ada@example.com")
    mallory = add_user(torii, "Mallory " + "x" * 100, "mallory@example.com")
    call(torii, "POST", f"/users/{mallory}/ban")
    acme = call(torii, "POST", "/organizations", {"name": "Acme"})["id"]
    call(torii, "POST", "/members", {"organizationId": acme, "userId": ada, "role": "admin"})
    call(torii, "POST", "/sessions", {"userId": ada})
    sign_up = {"email": "new@example.com", "password": "correct horse"}
    requests.post(f"{torii.issuer}/_torii/auth/signup", json=sign_up, timeout=WATCHDOG)
    call(torii, "POST", "/webhooks", {"url": f"{torii.issuer}/_torii/environment"})
    call(torii, "POST", f"/users/{ada}/verify-email")
    call(torii, "POST", "/outage", {"mode": "error", "target": "rest_api"})


@SCREENS
def test_the_sign_in_page(windows: Windows, torii: Emulator, screen: dict[str, object]) -> None:
    fill(torii)
    page = windows.open(**screen)
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


@SCREENS
@pytest.mark.parametrize("sections", [SECTIONS[:3], SECTIONS[3:6], SECTIONS[6:]], ids=" ".join)
def test_the_console(
    windows: Windows, torii: Emulator, screen: dict[str, object], sections: list[str]
) -> None:
    fill(torii)
    page = windows.open(**screen)
    for name in sections:
        section = visit(page, torii, name)
        for button, shown in OPENED.get(name, {}).items():
            section.get_by_role("button", name=button).click()
            section.get_by_text(shown).first.wait_for()
        for details in section.locator("summary").all():
            details.click()
        check(page)
