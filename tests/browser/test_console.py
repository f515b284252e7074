"""The console: each section does what it says, and shows values as they are."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
import requests

from tests.support.clock import WATCHDOG
from torii_backend.emulator import Emulator

from .console import says, visit
from .users import add_user, call

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from .conftest import Windows

MARKUP = "<img src=x onerror=alert(1)>"


def test_start_shows_what_an_app_needs_and_copies_it(windows: Windows, torii: Emulator) -> None:
    page = windows.open(permissions=["clipboard-read", "clipboard-write"])
    section = visit(page, torii, "start")
    assert torii.secret_key in page.inner_text("#settings")
    section.get_by_role("button", name="Copy .env of the backend").click()
    says(page, "Copied")
    assert page.evaluate("navigator.clipboard.readText()").splitlines() == [
        f"TORII_ISSUER={torii.issuer}",
        f"TORII_API_URL={torii.api_url}",
        f"TORII_SECRET_KEY={torii.secret_key}",
    ]


def test_a_user_is_created_found_and_given_a_token(page: Page, torii: Emulator) -> None:
    add_user(torii, "Grace", "grace@example.com")
    section = visit(page, torii, "users")
    section.get_by_label("Email", exact=True).fill("ada@example.com")
    section.get_by_label("First name").fill("Ada")
    section.get_by_role("button", name="Create user").click()
    says(page, "Ada was created.")
    section.get_by_label("Search").fill("ada@")
    section.get_by_label("Search").press("Enter")
    section.get_by_role("button", name="Ban Grace").wait_for(state="detached")
    section.get_by_role("button", name="Token as Ada").click()
    claims = section.get_by_role("region", name="Token of Ada: claims")
    claims.wait_for()
    (user,) = call(torii, "GET", "/users?search=ada")["items"]
    assert f'"sub": "{user["id"]}"' in claims.inner_text()


def test_a_name_with_markup_is_shown_as_it_is(page: Page, torii: Emulator) -> None:
    add_user(torii, MARKUP, "markup@example.com")
    call(torii, "POST", "/organizations", {"name": MARKUP})
    for name in ("organizations", "tokens", "users"):
        section = visit(page, torii, name)
        assert page.locator("img").count() == 0
    section.get_by_role("button", name=f"Ban {MARKUP}").click()
    says(page, f"{MARKUP} is banned.")
    assert section.locator("li b").inner_text() == MARKUP
    assert page.locator("img").count() == 0


def test_a_ban_ends_the_sessions_of_a_user(page: Page, torii: Emulator) -> None:
    user_id = add_user(torii, "Ada", "ada@example.com")
    for _ in range(2):
        call(torii, "POST", "/sessions", {"userId": user_id})
    section = visit(page, torii, "users")
    section.get_by_role("button", name="Sessions Ada").click()
    section.get_by_role("button", name="Revoke the session of Ada").first.click()
    says(page, "The session is revoked.")
    assert len(call(torii, "GET", f"/users/{user_id}/sessions")) == 1
    section.get_by_role("button", name="Ban Ada").click()
    section.get_by_role("button", name="Lift ban Ada").wait_for()
    section.get_by_role("button", name="Sessions Ada").click()
    section.get_by_text("Ada has no session.").wait_for()


def test_a_user_is_verified_and_deleted(page: Page, torii: Emulator) -> None:
    user_id = add_user(torii, "Ada", "ada@example.com")
    section = visit(page, torii, "users")
    section.get_by_role("button", name="Verify email Ada").click()
    says(page, "Ada has a verified email.")
    page.once("dialog", lambda dialog: dialog.accept())
    section.get_by_role("button", name="Delete Ada").click()
    says(page, "Ada is deleted.")
    user = call(torii, "GET", f"/users/{user_id}")
    assert user["emailVerifiedAt"] and user["status"] == "deleted"


def test_more_users_follow_the_first_page(page: Page, torii: Emulator) -> None:
    for number in range(21):
        add_user(torii, f"User {number}", f"user{number}@example.com")
    section = visit(page, torii, "users")
    section.get_by_role("button", name="Show more users").click()
    section.get_by_role("button", name="Ban User 20").wait_for()
    assert page.evaluate("document.activeElement.ariaLabel") == "Token as User 20"
    assert section.get_by_role("button", name="Show more users").is_hidden()


def test_a_member_is_added_to_a_new_organization(page: Page, torii: Emulator) -> None:
    add_user(torii, "Ada", "ada@example.com")
    section = visit(page, torii, "organizations")
    section.get_by_label("Name").fill("Acme")
    section.get_by_role("button", name="Create organization").click()
    section.get_by_role("button", name="Members of Acme").wait_for()
    section.get_by_label("Role").fill("admin")
    section.get_by_role("button", name="Save member").click()
    says(page, "The membership is saved.")
    section.get_by_role("button", name="Members of Acme").click()
    section.get_by_text("Ada: admin").wait_for()


def test_a_token_is_issued_and_an_expired_one_explained(page: Page, torii: Emulator) -> None:
    section = visit(page, torii, "tokens")
    section.get_by_label("User").fill("user_ada")
    section.get_by_label("Lifetime").fill("-60")
    section.get_by_label("Claims, a JSON object").fill('{"plan": "pro"}')
    section.get_by_role("button", name="Issue token").click()
    section.get_by_role("region", name="Issued token: claims").filter(has_text='"plan"').wait_for()
    token = section.get_by_role("region", name="Issued token", exact=True).inner_text()
    section.get_by_label("Access token").fill(token)
    section.get_by_role("button", name="Explain token").click()
    says(page, "The token is rejected.")
    explanation = page.inner_text("#explanation")
    assert "Rejected: expired" in explanation and re.search(r"failed\s+expiry", explanation)
    section.get_by_label("Claims, a JSON object").fill("{")
    section.get_by_role("button", name="Issue token").click()
    says(page, "Claims must be JSON")


def test_keys_are_rotated_and_withdrawn(page: Page, torii: Emulator) -> None:
    section = visit(page, torii, "keys")
    shown = section.locator("#jwks")
    (first,) = json.loads(shown.inner_text())["keys"]
    section.get_by_role("button", name="Rotate", exact=True).click()
    says(page, "signs from now on.")
    shown.filter(has_text=re.compile("kid.*kid", re.DOTALL)).wait_for()
    kept, second = json.loads(shown.inner_text())["keys"]
    assert kept == first
    section.get_by_role("button", name="Rotate, and withdraw").click()
    says(page, "withdrawn")
    shown.filter(has_not_text=second["kid"]).wait_for()
    assert len(json.loads(shown.inner_text())["keys"]) == 1


def test_an_outage_counts_down_and_ends(page: Page, torii: Emulator) -> None:
    section = visit(page, torii, "faults")
    state = section.locator("#outage-state")
    section.get_by_label("Seconds").fill("3000")
    section.get_by_role("button", name="Start outage").click()
    state.filter(
        has_text=re.compile("Outage: error on tenant_host, for another [0-9]+ s")
    ).wait_for()
    page.goto(f"{torii.issuer}/_emulator/#keys")
    page.locator("#jwks").filter(has_text="an outage is simulated").wait_for()
    page.goto(f"{torii.issuer}/_emulator/#faults")
    section.get_by_role("button", name="End outage").click()
    state.filter(has_text="No outage.").wait_for()
    section.get_by_label("Seconds").fill("0.5")
    section.get_by_role("button", name="Start outage").click()
    says(page, "The outage has begun.")
    state.filter(has_text="No outage.").wait_for()


def test_a_status_is_staged_for_a_route(page: Page, torii: Emulator) -> None:
    section = visit(page, torii, "faults")
    section.get_by_role("button", name="Stage fault").click()
    says(page, "POST /users is staged")
    key = {"Authorization": f"Bearer {torii.secret_key}"}
    url = f"{torii.api_url}/api/server/v1/users"
    statuses = [
        requests.post(url, json={}, headers=key, timeout=WATCHDOG).status_code for _ in range(2)
    ]
    assert statuses == [429, 201]


def test_a_reset_asks_first(page: Page, torii: Emulator) -> None:
    add_user(torii, "Ada", "ada@example.com")
    section = visit(page, torii, "faults")
    page.once("dialog", lambda dialog: dialog.dismiss())
    section.get_by_role("button", name="Reset the emulator").click()
    assert len(call(torii, "GET", "/users")["items"]) == 1
    page.once("dialog", lambda dialog: dialog.accept())
    section.get_by_role("button", name="Reset the emulator").click()
    says(page, "The emulator was reset.")
    assert call(torii, "GET", "/users")["items"] == []


def test_requests_show_bodies_without_secrets(page: Page, torii: Emulator) -> None:
    sign_in = {"email": "ada@example.com", "password": "correct horse"}
    requests.post(f"{torii.issuer}/_torii/auth/login", json=sign_in, timeout=WATCHDOG)
    section = visit(page, torii, "requests")
    section.get_by_text("POST /_torii/auth/login").click()
    bodies = section.locator("#request-list pre").filter(has_text="ada@example.com")
    bodies.wait_for()
    assert "invalid_credentials" in bodies.inner_text()
    assert "correct horse" not in page.content()


def test_the_mailbox_shows_the_code_that_was_mailed(page: Page, torii: Emulator) -> None:
    sign_up = {"email": "ada@example.com", "password": "correct horse"}
    requests.post(f"{torii.issuer}/_torii/auth/signup", json=sign_up, timeout=WATCHDOG)
    section = visit(page, torii, "mailbox")
    (message,) = call(torii, "GET", "/mailbox")["messages"]
    code = section.get_by_role("region", name="Code for ada@example.com")
    assert code.inner_text() == message["code"]


def test_an_event_is_sent_and_its_delivery_listed(page: Page, torii: Emulator) -> None:
    nobody = f"{torii.issuer}/_torii/environment"  # it exists, and refuses POST
    section = visit(page, torii, "events")
    section.get_by_label("URL").first.fill(nobody)
    section.get_by_role("button", name="Register URL").click()
    says(page, "from now on.")
    section.get_by_label("URL").nth(1).fill(nobody)
    section.get_by_role("button", name="Send event").click()
    says(page, "The event was sent: status 405.")
    add_user(torii, "Ada", "ada@example.com")
    section.get_by_role("button", name="Reload deliveries").click()
    section.get_by_text("user.created to").wait_for()


@pytest.mark.parametrize("fragment", ["#x", "constructor", "%00"])
def test_an_unknown_fragment_opens_the_first_section(
    page: Page, torii: Emulator, fragment: str
) -> None:
    page.goto(f"{torii.issuer}/_emulator/#{fragment}")
    page.locator("section:visible").filter(has_text="secret key").wait_for()
    assert page.locator("section:visible").count() == 1


def test_the_console_can_be_used_by_keyboard_alone(page: Page, torii: Emulator) -> None:
    add_user(torii, "Ada", "ada@example.com")
    page.goto(f"{torii.issuer}/_emulator/")
    page.locator("main[aria-busy=false] #start").wait_for()
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
    assert page.evaluate("document.activeElement.ariaLabel") == "Lift ban Ada"
