"""The user's organizations: list, switch, invite, accept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from .browser import Browser, error_code

if TYPE_CHECKING:
    from tests.emulator.rest.api import Api
    from torii_backend.emulator import Emulator

ALL = "/_torii/organizations"
ACCEPT = "/_torii/organizations/invitations/accept"


@pytest.fixture
def ada(browser: Browser) -> Any:
    return browser.signed_up("ada@example.com")


@pytest.fixture
def acme(api: Api, ada: Any) -> Any:
    """An organization that the user administers."""
    organization = api.organization("Acme <b>")
    api.join(organization["id"], ada["id"], "admin")
    return organization


def test_the_list_has_the_user_s_own_only(browser: Browser, api: Api, acme: Any) -> None:
    api.organization("Other")
    assert browser.ok(browser.call("GET", ALL)) == [
        {"id": acme["id"], "name": "Acme <b>", "slug": None, "role": "admin"}
    ]


def test_a_switch_is_in_the_token_and_stays_with_the_session(
    torii: Emulator, browser: Browser, api: Api, ada: Any, acme: Any
) -> None:
    elsewhere = Browser(torii)
    elsewhere.login("ada@example.com")
    document = browser.ok(browser.call("POST", f"{ALL}/{acme['id'].upper()}/switch"))
    assert sorted(document) == ["accessToken", "expiresAt"]
    for token in (document["accessToken"], browser.ok(browser.refresh())["accessToken"]):
        claims = browser.wire.verified(token)
        assert (claims["org_id"], claims["org_role"]) == (acme["id"], "admin")
    assert browser.client()["session"]["activeOrganizationId"] == acme["id"]
    api.join(acme["id"], ada["id"], "member")
    browser.refresh()
    assert browser.claims()["org_role"] == "member"
    elsewhere.refresh()
    assert "org_id" not in elsewhere.claims()
    with torii._started().database.transaction() as connection:
        connection.execute("DELETE FROM members")
    browser.refresh()
    assert "org_id" not in browser.claims()


def test_a_switch_needs_a_membership_and_a_session(
    torii: Emulator, browser: Browser, api: Api, ada: Any, acme: Any
) -> None:
    for organization_id in (api.organization()["id"], "unknown"):
        response = browser.call("POST", f"{ALL}/{organization_id}/switch")
        assert error_code(response, 404) == "organization_not_found"
    browser.token = torii.issue_token(user_id=ada["id"]).access_token
    response = browser.call("POST", f"{ALL}/{acme['id']}/switch")
    assert error_code(response, 400) == "no_session"


def test_who_is_invited_joins_with_the_ticket(
    torii: Emulator, browser: Browser, api: Api, acme: Any
) -> None:
    body = {"email": "Grace@example.com", "role": "org:member"}
    sent = browser.ok(browser.call("POST", f"{ALL}/{acme['id']}/invitations", body), 201)
    assert {name: sent[name] for name in ("organizationId", "email", "role")} == {
        "organizationId": acme["id"],
        **body,
    }
    message = torii.mailbox()[-1]
    assert (message.to, message.kind) == ("Grace@example.com", "organization_invitation")
    assert (message.link or "").startswith(f"{torii.issuer}{ACCEPT}?ticket=")
    ticket = {"ticket": parse_qs(urlsplit(message.link or "").query)["ticket"][0]}
    assert error_code(browser.call("POST", ACCEPT, ticket), 403) == "forbidden"
    grace = Browser(torii)
    user = grace.signed_up("grace@example.com")
    torii.webhooks.register("http://127.0.0.1:9/")  # nothing listens there
    joined = grace.ok(grace.call("POST", ACCEPT, ticket))
    assert joined == {"id": acme["id"], "name": "Acme <b>", "slug": None, "role": "org:member"}
    assert grace.ok(grace.call("GET", ALL)) == [joined]
    assert error_code(grace.call("POST", ACCEPT, ticket), 400) == "invalid_ticket"
    (delivery,) = torii.webhooks.deliveries()
    assert delivery.event["type"] == "organization.member_added"
    assert delivery.event["data"]["userId"] == user["id"]


def test_a_member_keeps_their_role(torii: Emulator, browser: Browser, acme: Any) -> None:
    body = {"email": "ada@example.com", "role": "member"}
    browser.ok(browser.call("POST", f"{ALL}/{acme['id']}/invitations", body), 201)
    ticket = parse_qs(urlsplit(torii.mailbox()[-1].link or "").query)["ticket"][0]
    joined = browser.ok(browser.call("POST", ACCEPT, {"ticket": ticket}))
    assert joined["role"] == "admin"


def test_only_administrators_invite(browser: Browser, api: Api, ada: Any, acme: Any) -> None:
    path = f"{ALL}/{acme['id']}/invitations"
    body = {"email": "grace@example.com", "role": "member"}
    api.join(acme["id"], ada["id"], "member")
    assert error_code(browser.call("POST", path, body), 403) == "forbidden"
    api.join(acme["id"], ada["id"], "org:administrator")
    assert browser.call("POST", path, body).status == 201
    unknown = browser.call("POST", f"{ALL}/unknown/invitations", body)
    assert error_code(unknown, 404) == "organization_not_found"


@pytest.mark.parametrize(
    "change",
    [{"email": "grace"}, {"role": ""}, {"redirectUrl": "https://evil.example/"}]
    + [{"redirectUrl": url} for url in ("", "//evil.example", "http://evil.example\\@localhost/")],
)
def test_an_invalid_invitation_is_a_400(browser: Browser, acme: Any, change: Any) -> None:
    body = {"email": "grace@example.com", "role": "member", **change}
    response = browser.call("POST", f"{ALL}/{acme['id']}/invitations", body)
    assert error_code(response, 400) == "invalid_request"
    assert [message.kind for message in browser.torii.mailbox()] == ["sign_up"]


def test_a_link_leads_to_a_page_of_the_developer_s_own(
    browser: Browser, api: Api, acme: Any
) -> None:
    api.ok("PUT", "/allowed-origins", {"origins": ["https://app.example", "capacitor://localhost"]})
    for url in ("http://[::1]:3000/x", "https://app.example/y#z", "capacitor://localhost/join"):
        body = {"email": "grace@example.com", "role": "member", "redirectUrl": url}
        assert browser.call("POST", f"{ALL}/{acme['id']}/invitations", body).status == 201
        link = browser.torii.mailbox()[-1].link or ""
        assert link.startswith(url.partition("#")[0] + "?ticket=")
        assert link.endswith(url.partition("#")[2])
