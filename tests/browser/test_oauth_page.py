"""The page that stands in for an OAuth provider."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from torii_backend.emulator import Emulator

from .accessibility import check
from .site import website
from .users import add_user

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_a_new_user_signs_in_with_the_keyboard(page: Page, torii: Emulator) -> None:
    markup = "<img src=x onerror=alert(1)>"
    add_user(torii, markup, "mallory@example.com")
    with website() as port:
        url = f"http://127.0.0.1:{port}/"
        page.goto(f"{torii.issuer}/_torii/auth/oauth2/google?{urlencode({'redirect_url': url})}")
        assert page.get_by_role("button", name=f"Continue as {markup}").is_visible()
        check(page)
        page.get_by_label("Email").fill("grace@example.com")
        page.keyboard.press("Enter")
        page.wait_for_url(url)
    client = page.request.get(f"{torii.issuer}/_torii/client").json()
    assert client["user"]["email"] == "grace@example.com"
