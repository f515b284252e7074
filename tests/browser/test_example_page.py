"""The example page of examples/browser, through our own proxy: one user, and what can happen to a session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.ports import free_port
from torii_backend.emulator import Emulator

from .accessibility import check
from .server import running
from .users import call

if TYPE_CHECKING:
    from playwright.sync_api import Page, Response

    from .conftest import Windows

# One emulator and one app for all of them.
pytestmark = pytest.mark.xdist_group("example page")

FOLDER = Path(__file__).parents[2] / "examples" / "browser"
PASSWORD = "correct horse"
ADA = "0198a000-0000-7000-8000-000000000001"
ACME = "0198a000-0000-7000-8000-0000000000aa"
BLUE_DOOR = "0198a000-0000-7000-8000-0000000000bb"


class Place(NamedTuple):
    """The emulator, and where the page is."""

    torii: Emulator
    url: str


@pytest.fixture(scope="module")
def _place() -> Iterator[Place]:
    port = free_port()
    command = ["uvicorn", "--app-dir", str(FOLDER), "--port", str(port), "app:app"]
    with Emulator(seed=FOLDER / "seed.json") as torii, ExitStack() as app:
        app.enter_context(running(command, port, {"TORII_ISSUER": torii.issuer}))
        yield Place(torii, f"http://127.0.0.1:{port}/")


@pytest.fixture
def place(_place: Place) -> Place:
    _place.torii.reset()
    return _place


def sign_in(page: Page, place: Place, *, password: str = PASSWORD) -> None:
    """Sign in as Ada by the form of the page."""
    page.goto(place.url)
    page.locator("#email").fill("ada@example.com")
    page.locator("#password").fill(password)
    page.locator("#sign-in").click()


def says(page: Page, text: str) -> None:
    """Wait until the status of the page contains a text."""
    page.locator("#status").filter(has_text=text).wait_for()


def api_answers(page: Page, text: str) -> None:
    """Call the API, and wait until the result contains a text."""
    with page.expect_response("**/me"):
        page.locator("#call-api").click()
    page.locator("#result").filter(has_text=text).wait_for()


def statuses_of_the_api(page: Page) -> list[int]:
    """Return a list, which from now on gets the status of each call of the API."""
    statuses: list[int] = []

    def note(response: Response) -> None:
        if response.url.endswith("/me"):
            statuses.append(response.status)

    page.on("response", note)
    return statuses


def test_from_the_sign_in_page_to_a_guarded_call_in_three_clicks(page: Page, place: Place) -> None:
    page.goto(f"{place.torii.issuer}/_emulator/sign-in?redirect={place.url}")
    page.get_by_role("button", name="Sign in as Ada").click()
    page.wait_for_url(place.url)
    api_answers(page, f'200 {{"user_id":"{ADA}"')


def test_sign_in_call_switch_and_sign_out(page: Page, place: Place) -> None:
    sign_in(page, place)
    says(page, "You are signed in.")
    api_answers(page, '"organization_id":null')
    for organization, role in ((ACME, "admin"), (BLUE_DOOR, "member")):
        page.locator("#organization").select_option(organization)
        page.locator("#switch").click()
        says(page, "Switched.")
        api_answers(page, f'"organization_id":"{organization}","organization_role":"{role}"')
        page.reload()
        says(page, "You are signed in.")
        assert page.locator("#organization").input_value() == organization
    page.locator("#sign-out").click()
    says(page, "You are signed out.")
    page.reload()
    says(page, "You are not signed in.")
    assert page.context.cookies() == []


def test_a_sign_in_by_oauth_leads_back_to_the_page(page: Page, place: Place) -> None:
    page.goto(f"{place.url}_torii/auth/oauth2/google?redirect_url={place.url}")
    assert page.url.startswith(place.torii.issuer)
    check(page)
    page.get_by_role("button", name="Continue as Ada").click()
    page.wait_for_url(place.url)
    says(page, "You are signed in.")
    api_answers(page, f'200 {{"user_id":"{ADA}"')


def test_a_wrong_password_says_so(page: Page, place: Place) -> None:
    sign_in(page, place, password="wrong horse")
    says(page, "The email or the password is wrong.")


def test_scripts_find_no_session_in_the_cookies(page: Page, place: Place) -> None:
    sign_in(page, place)
    says(page, "You are signed in.")
    assert "__client_session=" not in page.evaluate("document.cookie")
    (session,) = [
        cookie for cookie in page.context.cookies() if cookie["name"] == "__client_session"
    ]
    assert session["httpOnly"] and session["sameSite"] == "Lax"


def test_the_access_token_is_renewed_before_it_expires(page: Page, place: Place) -> None:
    page.clock.install()
    sign_in(page, place)
    says(page, "You are signed in.")
    with page.expect_response("**/_torii/auth/session/refresh") as refreshed:
        page.clock.fast_forward(245_000)
    assert refreshed.value.status == 200


def test_a_401_is_tried_once_more_with_a_new_token(
    page: Page, windows: Windows, place: Place
) -> None:
    sign_in(page, place)
    says(page, "You are signed in.")
    place.torii.rotate_keys(withdraw=True)
    # The app learns of the new key by a token of somebody else.
    other = windows.open()
    sign_in(other, place)
    says(other, "You are signed in.")
    api_answers(other, "200")
    statuses = statuses_of_the_api(page)
    api_answers(page, f'200 {{"user_id":"{ADA}"')
    assert statuses == [401, 200]


def test_a_second_401_is_shown(page: Page, place: Place) -> None:
    page.goto(f"{place.torii.issuer}/_emulator/sign-in?redirect={place.url}")
    page.get_by_text("Advanced").click()
    page.get_by_label("Extra claims").fill('{"exp": 1, "iat": 0}')
    page.get_by_role("button", name="Sign in with these options").click()
    says(page, "You are signed in.")
    statuses = statuses_of_the_api(page)
    api_answers(page, "401")
    assert "expired" in page.locator("#result").inner_text()
    assert statuses == [401, 401]


def test_a_ban_ends_the_session_at_the_next_refresh(page: Page, place: Place) -> None:
    page.clock.install()
    sign_in(page, place)
    says(page, "You are signed in.")
    call(place.torii, "POST", f"/users/{ADA}/ban")
    page.clock.fast_forward(245_000)
    says(page, "Your session is over. Sign in again.")
    sign_in(page, place)
    says(page, "This user is banned.")


def test_an_outage_of_torii_is_no_sign_out(page: Page, place: Place) -> None:
    sign_in(page, place)
    says(page, "You are signed in.")
    api_answers(page, "200")  # the app has fetched the keys
    with place.torii.outage("error"):
        api_answers(page, "200")
        page.reload()
        says(page, "Torii can't be reached.")
    page.reload()
    says(page, "You are signed in.")


def test_axe_finds_nothing(page: Page, place: Place) -> None:
    page.goto(place.url)
    says(page, "You are not signed in.")
    check(page)
    sign_in(page, place)
    says(page, "You are signed in.")
    api_answers(page, "200")
    check(page)
