"""The sign-in page: choose a user, and go on to the app."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from torii_backend.emulator import Emulator

from .site import website
from .users import add_user, call

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from .conftest import Windows


@pytest.fixture
def app() -> Iterator[str]:
    with website() as port:
        yield f"http://127.0.0.1:{port}/"


def sign_in_url(torii: Emulator, redirect: str = "") -> str:
    query = f"?redirect={quote(redirect)}" if redirect else ""
    return f"{torii.issuer}/_emulator/sign-in{query}"


@pytest.mark.parametrize("javascript", [True, False])
def test_a_click_on_a_user_leads_to_the_app(
    windows: Windows, torii: Emulator, app: str, javascript: bool
) -> None:
    user_id = add_user(torii, "Ada", "ada@example.com")
    page = windows.open(java_script_enabled=javascript)
    page.goto(sign_in_url(torii, app))
    page.get_by_role("button", name="Sign in as Ada").click()
    page.wait_for_url(app)
    assert page.get_by_role("heading").text_content() == "App"
    (session,) = call(torii, "GET", f"/users/{user_id}/sessions")
    assert "Chrome" in session["userAgent"]


def test_the_page_moves_to_the_name_of_the_app_so_that_they_share_cookies(
    page: Page, torii: Emulator, app: str
) -> None:
    page.goto(sign_in_url(torii, app.replace("127.0.0.1", "localhost")))
    assert page.url.startswith(torii.issuer.replace("127.0.0.1", "localhost"))


def test_a_new_user_is_created_and_signed_in(page: Page, torii: Emulator, app: str) -> None:
    page.goto(sign_in_url(torii, app))
    page.get_by_label("Email").fill("grace@example.com")
    page.get_by_label("First name").fill("Grace")
    page.get_by_role("button", name="Create and sign in").click()
    page.wait_for_url(app)
    (user,) = call(torii, "GET", "/users")["items"]
    assert (user["name"], user["email"]) == ("Grace", "grace@example.com")
    assert call(torii, "GET", f"/users/{user['id']}/sessions")


def test_a_banned_user_is_refused_by_name(page: Page, torii: Emulator, app: str) -> None:
    user_id = add_user(torii, "Mallory", "mallory@example.com")
    call(torii, "POST", f"/users/{user_id}/ban")
    page.goto(sign_in_url(torii, app))
    page.get_by_role("button", name="Sign in as Mallory").click()
    assert "Mallory is banned" in page.inner_text("main")
    page.get_by_role("link", name="Back to the sign-in page").click()
    page.get_by_role("button", name="Sign in as Mallory").wait_for()
    assert call(torii, "GET", f"/users/{user_id}/sessions") == []


def test_a_foreign_redirect_leads_nowhere_and_the_page_names_the_remedy(
    page: Page, torii: Emulator
) -> None:
    response = page.goto(sign_in_url(torii, "https://evil.example/"))
    assert response is not None and response.status == 400
    assert "Add the origin of your app to the allowed origins" in page.inner_text("main")
    assert page.locator("form").count() == 0


def test_invalid_claims_are_explained_beside_their_field(
    page: Page, torii: Emulator, app: str
) -> None:
    add_user(torii, "Ada", "ada@example.com")
    page.goto(sign_in_url(torii, app))
    page.get_by_text("Advanced").click()
    page.get_by_label("Extra claims").fill('{"plan": ')
    page.get_by_label("Lifetime").fill("60")
    page.get_by_role("button", name="Sign in with these options").click()
    field = page.get_by_label("Extra claims")
    assert field.get_attribute("aria-invalid") == "true"
    assert field.input_value() == '{"plan": '
    assert page.get_by_label("Lifetime").input_value() == "60"
    assert "claims must be a JSON object" in page.inner_text("main")


def test_the_last_choice_is_on_top(page: Page, torii: Emulator, app: str) -> None:
    add_user(torii, "Ada", "ada@example.com")
    add_user(torii, "Grace", "grace@example.com")
    page.goto(sign_in_url(torii, app))
    page.get_by_role("button", name="Sign in as Grace").click()
    page.wait_for_url(app)
    page.goto(sign_in_url(torii, app))
    names = page.locator("li b").all_inner_texts()
    assert names == ["Grace", "Ada"]
    assert "last choice" in page.locator("li").first.inner_text()
