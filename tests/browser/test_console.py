"""The console: each section does what it says, and shows values as they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import requests

from tests.support.clock import WATCHDOG
from torii_backend.emulator import Emulator

from .users import add_user, call

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from .conftest import Windows

MARKUP = "<img src=x onerror=alert(1)>"


def visit(page: Page, torii: Emulator, section: str) -> None:
    """Open a section, and wait until it has its data."""
    with page.expect_response(lambda response: "/_emulator/console" not in response.url):
        page.goto(f"{torii.issuer}/_emulator/#{section}")
    page.wait_for_load_state("networkidle")


def says(page: Page, text: str) -> None:
    """Wait until the status line contains a text."""
    page.get_by_role("status").filter(has_text=text).wait_for()


def test_start_shows_what_an_app_needs_and_copies_it(windows: Windows, torii: Emulator) -> None:
    page = windows.open(permissions=["clipboard-read", "clipboard-write"])
    visit(page, torii, "")
    assert torii.secret_key in page.inner_text("#settings")
    page.get_by_role("button", name="Copy .env of the backend").click()
    says(page, "Copied")
    assert page.evaluate("navigator.clipboard.readText()").splitlines() == [
        f"TORII_ISSUER={torii.issuer}",
        f"TORII_API_URL={torii.api_url}",
        f"TORII_SECRET_KEY={torii.secret_key}",
    ]


def test_a_user_is_created_found_and_given_a_token(page: Page, torii: Emulator) -> None:
    add_user(torii, "Grace", "grace@example.com")
    visit(page, torii, "users")
    page.get_by_label("Email").fill("ada@example.com")
    page.get_by_label("First name").fill("Ada")
    page.get_by_role("button", name="Create user").click()
    says(page, "Ada was created.")
    page.get_by_label("Search").fill("ada@")
    page.get_by_label("Search").press("Enter")
    page.get_by_role("button", name="Ban Grace").wait_for(state="detached")
    page.get_by_role("button", name="Token as Ada").click()
    claims = page.get_by_role("region", name="Token of Ada: claims")
    claims.wait_for()
    (user,) = call(torii, "GET", "/users?search=ada")["items"]
    assert f'"sub": "{user["id"]}"' in claims.inner_text()


def test_a_name_with_markup_is_shown_as_it_is(page: Page, torii: Emulator) -> None:
    add_user(torii, MARKUP, "markup@example.com")
    call(torii, "POST", "/organizations", {"name": MARKUP})
    for section in ("users", "organizations", "tokens"):
        visit(page, torii, section)
        assert page.locator("img").count() == 0
    visit(page, torii, "users")
    page.get_by_role("button", name=f"Ban {MARKUP}").click()
    says(page, f"{MARKUP} is banned.")
    assert page.locator("li b").inner_text() == MARKUP
    assert page.locator("img").count() == 0


def test_a_ban_ends_the_sessions_of_a_user(page: Page, torii: Emulator) -> None:
    user_id = add_user(torii, "Ada", "ada@example.com")
    for _ in range(2):
        call(torii, "POST", "/sessions", {"userId": user_id})
    visit(page, torii, "users")
    page.get_by_role("button", name="Sessions Ada").click()
    page.get_by_role("button", name="Revoke the session of Ada").first.click()
    says(page, "The session is revoked.")
    assert len(call(torii, "GET", f"/users/{user_id}/sessions")) == 1
    page.get_by_role("button", name="Ban Ada").click()
    page.get_by_role("button", name="Lift ban Ada").wait_for()
    page.get_by_role("button", name="Sessions Ada").click()
    page.get_by_text("Ada has no session.").wait_for()


def test_a_member_is_added_to_a_new_organization(page: Page, torii: Emulator) -> None:
    add_user(torii, "Ada", "ada@example.com")
    visit(page, torii, "organizations")
    page.get_by_label("Name").fill("Acme")
    page.get_by_role("button", name="Create organization").click()
    page.get_by_role("button", name="Members of Acme").wait_for()
    page.get_by_label("Role").fill("admin")
    page.get_by_role("button", name="Save member").click()
    says(page, "The membership is saved.")
    page.get_by_role("button", name="Members of Acme").click()
    page.get_by_text("Ada: admin").wait_for()


def test_a_token_is_issued_and_an_expired_one_explained(page: Page, torii: Emulator) -> None:
    visit(page, torii, "tokens")
    page.get_by_label("User").fill("user_ada")
    page.get_by_label("Lifetime").fill("-60")
    page.get_by_label("Claims").fill('{"plan": "pro"}')
    page.get_by_role("button", name="Issue token").click()
    page.get_by_role("region", name="Issued token: claims").filter(has_text='"plan"').wait_for()
    token = page.get_by_role("region", name="Issued token", exact=True).inner_text()
    page.get_by_label("Access token").fill(token)
    page.get_by_role("button", name="Explain token").click()
    says(page, "The token is rejected.")
    explanation = page.inner_text("#explanation")
    assert "Rejected: expired" in explanation and re.search(r"failed\s+expiry", explanation)
    page.get_by_label("Claims").fill("{")
    page.get_by_role("button", name="Issue token").click()
    says(page, "Claims must be JSON")


def test_keys_are_rotated_and_withdrawn(page: Page, torii: Emulator) -> None:
    visit(page, torii, "keys")
    shown = page.get_by_role("region", name="Key set as served")
    assert shown.inner_text().count('"kid"') == 1
    page.get_by_role("button", name="Rotate", exact=True).click()
    says(page, "signs from now on.")
    page.wait_for_function("document.querySelector('#jwks').textContent.split('kid').length === 3")
    page.get_by_role("button", name="Rotate, and withdraw").click()
    says(page, "withdrawn")
    page.wait_for_function("document.querySelector('#jwks').textContent.split('kid').length === 2")


def test_an_outage_counts_down_and_ends(page: Page, torii: Emulator) -> None:
    visit(page, torii, "faults")
    state = page.locator("#outage-state")
    page.get_by_label("Seconds").fill("3000")
    page.get_by_role("button", name="Start outage").click()
    state.filter(
        has_text=re.compile("Outage: error on tenant_host, for another [0-9]+ s")
    ).wait_for()
    page.goto(f"{torii.issuer}/_emulator/#keys")
    page.locator("#jwks").filter(has_text="an outage is simulated").wait_for()
    page.goto(f"{torii.issuer}/_emulator/#faults")
    page.get_by_role("button", name="End outage").click()
    state.filter(has_text="No outage.").wait_for()
    page.get_by_label("Seconds").fill("0.5")
    page.get_by_role("button", name="Start outage").click()
    says(page, "The outage has begun.")
    state.filter(has_text="No outage.").wait_for()


def test_a_status_is_staged_for_a_route(page: Page, torii: Emulator) -> None:
    visit(page, torii, "faults")
    page.get_by_role("button", name="Stage fault").click()
    says(page, "POST /users is staged")
    key = {"Authorization": f"Bearer {torii.secret_key}"}
    url = f"{torii.api_url}/api/server/v1/users"
    statuses = [
        requests.post(url, json={}, headers=key, timeout=WATCHDOG).status_code for _ in range(2)
    ]
    assert statuses == [429, 201]


def test_a_reset_asks_first(page: Page, torii: Emulator) -> None:
    add_user(torii, "Ada", "ada@example.com")
    visit(page, torii, "faults")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Reset the emulator").click()
    assert len(call(torii, "GET", "/users")["items"]) == 1
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Reset the emulator").click()
    says(page, "The emulator was reset.")
    assert call(torii, "GET", "/users")["items"] == []


def test_requests_show_bodies_without_secrets(page: Page, torii: Emulator) -> None:
    sign_in = {"email": "ada@example.com", "password": "correct horse"}
    requests.post(f"{torii.issuer}/_torii/auth/login", json=sign_in, timeout=WATCHDOG)
    visit(page, torii, "requests")
    page.get_by_text("POST /_torii/auth/login").click()
    bodies = page.locator("#request-list pre").filter(has_text="ada@example.com")
    bodies.wait_for()
    assert "invalid_credentials" in bodies.inner_text()
    assert "correct horse" not in page.content()


def test_the_mailbox_shows_the_code_that_was_mailed(page: Page, torii: Emulator) -> None:
    sign_up = {"email": "ada@example.com", "password": "correct horse"}
    requests.post(f"{torii.issuer}/_torii/auth/signup", json=sign_up, timeout=WATCHDOG)
    visit(page, torii, "mailbox")
    (message,) = call(torii, "GET", "/mailbox")["messages"]
    code = page.get_by_role("region", name="Code for ada@example.com")
    assert code.inner_text() == message["code"]


def test_an_event_is_sent_and_its_delivery_listed(page: Page, torii: Emulator) -> None:
    nobody = f"{torii.issuer}/_torii/environment"  # it exists, and refuses POST
    visit(page, torii, "events")
    page.get_by_label("URL").first.fill(nobody)
    page.get_by_role("button", name="Register URL").click()
    says(page, "from now on.")
    page.get_by_label("URL").nth(1).fill(nobody)
    page.get_by_role("button", name="Send event").click()
    says(page, "The event was sent: status 405.")
    add_user(torii, "Ada", "ada@example.com")
    page.get_by_role("button", name="Reload deliveries").click()
    page.get_by_text("user.created to").wait_for()


@pytest.mark.parametrize("section", ["users", "#x", "constructor"])
def test_any_fragment_opens_some_section(page: Page, torii: Emulator, section: str) -> None:
    visit(page, torii, section)
    assert page.locator("section:visible").count() == 1


def test_the_console_can_be_used_by_keyboard_alone(page: Page, torii: Emulator) -> None:
    add_user(torii, "Ada", "ada@example.com")
    visit(page, torii, "")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Users"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Ban Ada").wait_for()
    assert page.evaluate("document.activeElement.id") == "users-title"
    for _ in range(5):  # search, its button, token, sessions, ban
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Lift ban Ada").wait_for()
    # The list was drawn anew, and the focus is where it was.
    focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert str(focused).endswith(" Ada")
