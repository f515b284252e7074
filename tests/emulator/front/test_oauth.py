"""Sign-in by OAuth: start, the page in place of a provider, callback, establish."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Optional
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from torii_backend.emulator import Emulator

from .browser import SESSION, Browser, error_code

if TYPE_CHECKING:
    from tests.emulator.conftest import Response
    from tests.emulator.rest.api import Api

START = "/_torii/auth/oauth2/google"
PAGE = "/_torii/auth/oauth2/google/continue"
CALLBACK = "/_torii/auth/oauth2/google/callback"
ESTABLISH = "/_torii/auth/session/establish"
APP = "http://localhost:3000/welcome?tab=1"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _target(response: Response) -> str:
    """Return where a response sends the browser."""
    assert response.status in {302, 303}, response
    return str(response.headers["Location"])


def _path(torii: Emulator, url: str) -> str:
    """Return the path and the query of a URL, which must be the emulator's."""
    parts = urlsplit(url)
    assert not parts.netloc or f"{parts.scheme}://{parts.netloc}" == torii.issuer
    return f"{parts.path}?{parts.query}"


def _start(browser: Browser, target: str = APP) -> str:
    """Start. Return the path of the page."""
    response = browser.send("GET", f"{START}?{urlencode({'redirect_url': target})}")
    return _path(browser.torii, _target(response))


def _submit(browser: Browser, page: str, **fields: str) -> Response:
    """Send a form of the page."""
    state = parse_qs(urlsplit(page).query)["state"][0]
    body = urlencode({"state": state, **fields})
    return browser.wire.send("POST", PAGE, body, {**FORM, "Origin": browser.torii.issuer})


def _ticket(browser: Browser, page: str, **fields: str) -> str:
    """Choose a user. Return the path of the last step."""
    callback = _path(browser.torii, _target(_submit(browser, page, **fields)))
    assert callback.startswith(f"{CALLBACK}?")
    return _path(browser.torii, _target(browser.send("GET", callback)))


def test_a_new_user_continues_to_the_app(torii: Emulator, browser: Browser, api: Api) -> None:
    page = _start(browser)
    assert page.startswith(f"{PAGE}?state=")
    establish = _ticket(browser, page, email="ada@example.com")
    response = browser.send("GET", establish)
    assert _target(response) == APP
    client = browser.client()
    assert client["user"]["email"] == "ada@example.com"
    assert client["user"]["emailVerified"] is True
    assert browser.refresh().status == 200
    assert api.found() == {client["user"]["id"]}
    assert browser.send("GET", establish).status == 400


def test_the_page_lists_the_users_and_shows_markup_as_text(browser: Browser, api: Api) -> None:
    ada = api.user(email="ada@example.com", name="<img src=x onerror=alert(1)>")
    response = browser.send("GET", _start(browser))
    text = response.body.decode()
    assert "<img" not in text
    assert "Continue as <img src=x onerror=alert(1)>" in unescape(text)
    assert f'value="{ada["id"]}"' in text
    csp = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in csp
    assert "form-action 'self' http://localhost:3000;" in csp
    assert re.search(r"<script|style=|javascript:", text) is None
    establish = _ticket(browser, _start(browser), userId=ada["id"].upper())
    assert _target(browser.send("GET", establish)) == APP
    assert browser.client()["user"]["id"] == ada["id"]


def test_where_a_proxy_has_the_cookie_the_session_is_set_there(
    torii: Emulator, browser: Browser
) -> None:
    page = _start(browser)
    callback = _target(_submit(browser, page, email="ada@example.com"))
    # The callback is on the tenant host, whose cookies are not those of the app's origin.
    at_app = urlsplit(_target(browser.wire.get(callback)))
    assert (at_app.netloc, at_app.path) == ("localhost:3000", ESTABLISH)
    assert _target(browser.send("GET", f"{ESTABLISH}?{at_app.query}")) == APP
    assert browser.client()["authenticated"] is True


@pytest.mark.parametrize("issuer", [None, "http://torii:4100"])
def test_the_browser_stays_on_the_name_by_which_it_reaches_the_emulator(
    issuer: Optional[str],
) -> None:
    """In a compose file it can't resolve the issuer's name, and localhost has its own cookies."""
    with Emulator(issuer=issuer) as torii:
        browser = Browser(torii)
        sent = {"Host": f"localhost:{urlsplit(torii.api_url).port}"}
        page = _target(
            browser.send("GET", f"{START}?{urlencode({'redirect_url': APP})}", None, sent)
        )
        callback = _target(_submit(browser, page, email="ada@example.com"))
        establish = _target(browser.send("GET", callback, None, sent))
        assert [urlsplit(url).netloc for url in (page, callback, establish)] == ["", "", ""]
        assert _target(browser.send("GET", establish, None, sent)) == APP
        assert browser.client()["authenticated"] is True


def test_nobody_is_signed_in_by_a_link(torii: Emulator, browser: Browser) -> None:
    establish = _ticket(browser, _start(browser), email="ada@example.com")
    victim = Browser(torii)
    for cookies in ({}, {"__torii_flow": "x"}):
        victim.cookies = dict(cookies)
        assert victim.send("GET", establish).status == 400
        assert SESSION not in victim.cookies
    _start(victim)
    assert victim.send("GET", establish).status == 400
    assert _target(browser.send("GET", establish)) == APP


def test_previews_of_a_link_spend_nothing(browser: Browser) -> None:
    page = _start(browser)
    callback = _target(_submit(browser, page, email="ada@example.com"))
    prefetch = {"Sec-Purpose": "prefetch;prerender"}
    for path in (f"{START}?redirect_url={APP}", callback):
        assert browser.send("HEAD", path).status == 400
        assert error_code(browser.send("GET", path, None, prefetch), 400) == "invalid_request"
    establish = _path(browser.torii, _target(browser.send("GET", callback)))
    assert browser.send("HEAD", establish).status == 400
    assert browser.send("GET", establish, None, prefetch).status == 400
    assert browser.send("HEAD", page).status == 400  # whose state the callback used up
    assert _target(browser.send("GET", establish)) == APP


def test_two_sign_ins_of_one_browser_do_not_disturb_each_other(browser: Browser) -> None:
    pages = [_start(browser), _start(browser, "http://127.0.0.1:8000/")]
    first, second = (_ticket(browser, page, email="ada@example.com") for page in pages)
    assert _target(browser.send("GET", first)) == APP
    assert _target(browser.send("GET", second)) == "http://127.0.0.1:8000/"


@pytest.mark.parametrize(
    "target",
    [
        *(
            "",
            "/welcome",
            "//evil.example/",
            "https://evil.example/",
            "http://localhost@evil.example",
        ),
        *(
            "http://evil.example\\@localhost/",
            "javascript:alert(1)",
            "http://localhost.evil.example",
        ),
        *("http://[::1", "capacitor://localhost", "http://localhost:3000\\.evil.example/"),
    ],
)
def test_a_redirect_to_a_foreign_host_is_refused(browser: Browser, target: str) -> None:
    response = browser.send("GET", f"{START}?{urlencode({'redirect_url': target})}")
    assert response.status == 400
    assert "Location" not in response.headers
    assert b"allowed origins" in response.body


def test_an_allowed_origin_may_be_gone_to_while_it_is_allowed(browser: Browser, api: Api) -> None:
    api.ok("PUT", "/allowed-origins", {"origins": ["https://app.example"]})
    page = _start(browser, "https://app.example/x")
    api.ok("PUT", "/allowed-origins", {"origins": []})
    assert browser.send("GET", page).status == 400


@pytest.mark.parametrize("status", ["banned", "deleted"])
def test_who_is_not_active_is_shown_and_refused(browser: Browser, api: Api, status: str) -> None:
    ada = api.user(email="ada@example.com", name="Ada")
    page, establish = _start(browser), _ticket(browser, _start(browser), userId=ada["id"])
    if status == "banned":
        api.ok("POST", f"/users/{ada['id']}/ban")
    else:
        api.done("DELETE", f"/users/{ada['id']}")
    assert f'class="badge {status}">{status}<' in browser.send("GET", page).body.decode()
    for response in (_submit(browser, page, userId=ada["id"]), browser.send("GET", establish)):
        assert response.status == 403
        assert status in response.body.decode()
    assert browser.client()["authenticated"] is False


@pytest.mark.parametrize(
    ("fields", "status"),
    [({}, 400), ({"email": "ada"}, 400), ({"userId": "unknown"}, 400), ({"state": "x"}, 400)],
)
def test_an_invalid_form_is_a_page_with_the_remedy(
    browser: Browser, fields: dict[str, str], status: int
) -> None:
    response = _submit(browser, _start(browser), **fields)
    assert response.status == status
    assert response.headers.get_content_type() == "text/html"


@pytest.mark.parametrize("provider", ["github", "a%0d%0aX-Evil:1", "%2e%2e"])
def test_the_form_of_another_provider_is_refused(browser: Browser, provider: str) -> None:
    state = parse_qs(urlsplit(_start(browser)).query)["state"][0]
    body = urlencode({"state": state, "email": "ada@example.com"})
    path = PAGE.replace("google", provider)
    response = browser.wire.send("POST", path, body, {**FORM, "Origin": browser.torii.issuer})
    assert response.status == 400
    assert response.headers.get_content_type() == "text/html"


def test_consent_and_closed_sign_ups_hold_here_too(browser: Browser, api: Api) -> None:
    page = _start(browser)
    browser.send("POST", "/_emulator/sign-up", {"legalConsentRequired": True})
    assert _submit(browser, page, email="ada@example.com").status == 400
    consent = {"email": "ada@example.com", "legalConsent": "true"}
    assert _submit(browser, page, **consent).status == 303
    browser.send("POST", "/_emulator/sign-up", {"enabled": False})
    assert _submit(browser, page, email="grace@example.com").status == 400
    assert _submit(browser, page, email="ada@example.com").status == 303
    assert len(api.found()) == 1


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_a_form_of_another_site_chooses_nobody(browser: Browser, origin: str) -> None:
    page = _start(browser)
    body = urlencode({"state": parse_qs(urlsplit(page).query)["state"][0], "email": "a@b.example"})
    response = browser.wire.send("POST", PAGE, body, {**FORM, "Origin": origin})
    assert error_code(response, 403) == "forbidden"


def test_a_state_is_of_one_provider(browser: Browser) -> None:
    page = _start(browser)
    callback = _target(_submit(browser, page, email="ada@example.com"))
    assert browser.send("GET", callback.replace("google", "github")).status == 400
    assert browser.send("GET", page.replace("google", "github")).status == 400
    unknown = browser.send("GET", f"/_torii/auth/oauth2/myspace?redirect_url={APP}")
    assert error_code(unknown, 404) == "provider_not_found"


def test_a_code_is_of_one_state(browser: Browser) -> None:
    first, second = (
        _target(_submit(browser, _start(browser), email=email))
        for email in ("ada@example.com", "grace@example.com")
    )
    mixed = first.partition("&code=")[0] + second[second.index("&code=") :]
    assert browser.send("GET", mixed).status == 400
