"""What a front-end asks first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .browser import PASSWORD, Browser

if TYPE_CHECKING:
    from tests.emulator.rest.api import Api

NOBODY: dict[str, object] = {
    "authenticated": False,
    "user": None,
    "session": None,
    "organizations": [],
}


def test_the_environment_is_a_sandbox(browser: Browser) -> None:
    assert browser.ok(browser.send("GET", "/_torii/environment")) == {
        "environment": "SANDBOX",
        "turnstileSiteKey": None,
        "legal": {"consentRequired": False},
        "oauthProviders": ["github", "google"],
        "signupEnabled": True,
        "brandingRequired": False,
    }


def test_the_client_is_always_200_and_says_who_is_signed_in(browser: Browser, api: Api) -> None:
    assert browser.client() == NOBODY
    ada = api.user(
        email="ada@example.com",
        password=PASSWORD,
        name="Ada <b>",
        publicMetadata={"plan": "pro"},
        privateMetadata={"crm": 7},
        unsafeMetadata={"theme": "dark"},
    )
    organization = api.organization(slug="acme")
    api.join(organization["id"], ada["id"], "admin")
    assert browser.login("ADA@example.com").status == 200
    client = browser.client()
    assert client["authenticated"] is True
    assert client["user"] == {
        "id": ada["id"],
        "email": "ada@example.com",
        "emailVerified": False,
        "name": "Ada <b>",
        "firstName": None,
        "lastName": None,
        "locale": None,
        "createdAt": ada["createdAt"],
        "publicMetadata": {"plan": "pro"},
        "unsafeMetadata": {"theme": "dark"},
    }
    (session,) = api.ok("GET", f"/users/{ada['id']}/sessions")
    assert client["session"] == {
        "id": session["id"],
        "status": "active",
        "gates": [],
        "expiresAt": session["expiresAt"],
        "activeOrganizationId": None,
    }
    assert client["organizations"] == [
        {"id": organization["id"], "name": "Acme", "slug": "acme", "role": "admin"}
    ]


def test_no_cache_keeps_who_is_signed_in(browser: Browser) -> None:
    assert browser.send("GET", "/_torii/client").headers["Cache-Control"] == "no-store"


def test_an_outage_of_the_tenant_host_is_one_of_front_ends_too(browser: Browser) -> None:
    with browser.torii.outage("error"):
        assert browser.send("GET", "/_torii/client").status == 503
