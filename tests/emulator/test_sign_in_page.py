"""The sign-in page over plain HTTP: what it shows, who may send its form, and where it leads."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from torii_backend.emulator import Emulator

if TYPE_CHECKING:
    from .conftest import Response, Wire

APP = "http://127.0.0.1:3000/"
MARKUP = "<img src=x onerror=alert(1)>"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:;"
    " form-action 'self'{}; base-uri 'none'; frame-ancestors 'none'"
)


def page(wire: Wire, **query: str) -> Response:
    return wire.get(f"/_emulator/sign-in?{urlencode(query)}")


def submit(wire: Wire, **form: str) -> Response:
    return submit_with(wire, {}, **form)


def submit_with(wire: Wire, headers: dict[str, str], **form: str) -> Response:
    content_type = {"Content-Type": "application/x-www-form-urlencoded"}
    return wire.send("POST", "/_emulator/sign-in", urlencode(form), {**content_type, **headers})


def add_user(wire: Wire, **fields: object) -> str:
    user_id: str = wire.post("/_emulator/users", fields).json()["id"]
    return user_id


def sessions(wire: Wire, user_id: str) -> list[object]:
    found: list[object] = wire.get(f"/_emulator/users/{user_id}/sessions").json()
    return found


def test_a_page_keeps_other_sites_scripts_and_caches_away(wire: Wire) -> None:
    headers = page(wire).headers
    assert headers["Content-Security-Policy"] == POLICY.format("")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Content-Type"] == "text/html; charset=utf-8"


def test_its_form_may_lead_to_the_app_that_asked(wire: Wire) -> None:
    headers = page(wire, redirect="http://127.0.0.1:3000/a;b?c=d").headers
    assert headers["Content-Security-Policy"] == POLICY.format(" http://127.0.0.1:3000")
    headers = page(wire, redirect="http://[::1]:3000/").headers
    assert headers["Content-Security-Policy"] == POLICY.format(" http:")


def test_markup_in_a_name_stays_text(wire: Wire) -> None:
    add_user(wire, name=MARKUP, email="ada@example.com")
    organization = wire.post("/_emulator/organizations", {"name": '"><script>'}).json()
    user_id = add_user(wire, email="grace@example.com")
    member = {"organizationId": organization["id"], "userId": user_id, "role": "<b>"}
    assert wire.post("/_emulator/members", member).status == 200
    shown = page(wire).body.decode()
    assert "<img" not in shown and "<script" not in shown and "<b>)" not in shown
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/relative",
        "javascript:alert(1)",
        "javascript://localhost/%0aalert(1)",
        "http://localhost:3000@evil.example/",
        "http://evil.example\\@localhost/",
        "http://localhost.evil.example/",
        "capacitor://localhost/",
        "http://localhost:3000/\r\nSet-Cookie: a=b",
        "http://[",
        "localhost:3000",
    ],
)
def test_a_foreign_redirect_is_refused(wire: Wire, target: str) -> None:
    user_id = add_user(wire, email="ada@example.com")
    for response in (page(wire, redirect=target), submit(wire, redirect=target, userId=user_id)):
        assert response.status == 400
        assert b"allowed origins" in response.body
        assert "Location" not in response.headers and "Set-Cookie" not in response.headers
    assert sessions(wire, user_id) == []


@pytest.mark.parametrize("target", ["https://app.example/in?a=1#b", "capacitor://localhost/in"])
def test_an_allowed_origin_may_be_gone_to(torii: Emulator, wire: Wire, target: str) -> None:
    key = {"Authorization": f"Bearer {torii.secret_key}", "Content-Type": "application/json"}
    body = '{"origins": ["https://app.example", "capacitor://localhost"]}'
    assert wire.send("PUT", "/api/server/v1/allowed-origins", body, key).status == 200
    response = submit(wire, redirect=target, userId=add_user(wire, email="ada@example.com"))
    assert (response.status, response.headers["Location"]) == (303, target)


def test_the_page_moves_to_the_name_of_the_app(torii: Emulator, wire: Wire) -> None:
    response = page(wire, redirect="http://localhost:3000/")
    assert response.status == 302
    localhost = torii.issuer.replace("127.0.0.1", "localhost")
    assert response.headers["Location"].startswith(f"{localhost}/_emulator/sign-in?redirect=")
    host = {"Host": localhost.partition("//")[2]}
    path = f"/_emulator/sign-in?{urlencode({'redirect': 'http://localhost:3000/'})}"
    assert wire.send("GET", path, None, host).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost:3000"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=lambda headers: "-".join(headers.values()),
)
def test_a_form_of_another_page_is_refused(wire: Wire, headers: dict[str, str]) -> None:
    user_id = add_user(wire, email="ada@example.com")
    response = submit_with(wire, headers, userId=user_id)
    assert response.status == 403
    assert "Set-Cookie" not in response.headers
    assert sessions(wire, user_id) == []


def test_the_form_of_the_page_itself_is_accepted(torii: Emulator, wire: Wire) -> None:
    user_id = add_user(wire, email="ada@example.com")
    headers = {"Origin": torii.issuer, "Sec-Fetch-Site": "same-origin"}
    response = submit_with(wire, headers, redirect=APP, userId=user_id)
    assert (response.status, response.headers["Location"]) == (303, APP)
    assert len(sessions(wire, user_id)) == 1


@pytest.mark.parametrize(("state", "call"), [("banned", "POST /ban"), ("deleted", "DELETE ")])
def test_a_user_who_may_not_sign_in_is_listed_and_refused(
    wire: Wire, state: str, call: str
) -> None:
    user_id = add_user(wire, name="Mallory", email="mallory@example.com")
    method, _, suffix = call.partition(" ")
    wire.send(method, f"/_emulator/users/{user_id}{suffix}")
    assert f'<span class="badge {state}">'.encode() in page(wire).body
    response = submit(wire, redirect=APP, userId=user_id)
    assert response.status == 403
    assert f"Mallory is {state}".encode() in response.body
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("userId", "user_ada", "This user does not exist any more."),
        ("claims", "[]", "claims must be a JSON object"),
        ("claims", "{", "claims must be a JSON object"),
        ("claims", "[" * 10_000, "claims must be a JSON object"),
        ("expiresIn", "0", "lifetime must be"),
        ("expiresIn", "1e9", "lifetime must be"),
        ("expiresIn", "9" * 5000, "lifetime must be"),
        ("role", "admin", "role must be empty"),
        ("organizationId", "01970000-0000-7000-8000-000000000001", "The user is not a member."),
    ],
    ids=lambda value: value[:20],
)
def test_an_unusable_entry_is_explained_and_kept(
    wire: Wire, field: str, value: str, message: str
) -> None:
    user_id = add_user(wire, email="ada@example.com")
    response = submit(wire, **{"redirect": APP, "userId": user_id, field: value})
    assert response.status == 400
    shown = response.body.decode()
    assert message in shown
    assert f'id="{field}-error"' in shown and "<details open>" in shown
    assert sessions(wire, user_id) == []


@pytest.mark.parametrize(
    ("email", "message"),
    [("ada", "must be an email address"), ("ada@example.com", "already in use")],
)
def test_a_new_user_needs_a_free_address(wire: Wire, email: str, message: str) -> None:
    add_user(wire, email="ada@example.com")
    response = submit(wire, create="user", email=email, redirect=APP)
    assert response.status == 400
    assert message in response.body.decode() and 'id="email-error"' in response.body.decode()


def test_a_role_makes_the_user_a_member(wire: Wire) -> None:
    user_id = add_user(wire, email="ada@example.com")
    organization_id = wire.post("/_emulator/organizations", {"name": "Acme"}).json()["id"]
    submit(wire, userId=user_id, organizationId=organization_id, role="admin")
    members = wire.get(f"/_emulator/organizations/{organization_id}/members").json()["items"]
    assert [(each["userId"], each["role"]) for each in members] == [(user_id, "admin")]
    (session,) = wire.get(f"/_emulator/users/{user_id}/sessions").json()
    assert session["activeOrganizationId"] == organization_id


def test_without_a_redirect_a_page_says_who_is_signed_in(wire: Wire) -> None:
    response = submit(wire, userId=add_user(wire, name=MARKUP, email="ada@example.com"))
    assert response.status == 200
    assert "You are signed in as &lt;img src=x" in response.body.decode()


def test_a_form_that_is_too_large_is_not_told_the_limit_of_json(wire: Wire) -> None:
    response = submit(wire, claims=" " * 70_000)
    assert response.status == 413
    assert response.message
    assert "1 MiB" not in response.message
    assert "1 MiB" in wire.post("/_emulator/tokens", {"userId": "a" * 2_000_000}).message


def test_many_users_are_found_by_a_search(wire: Wire) -> None:
    for number in range(101):
        add_user(wire, email=f"user{number}@example.com")
    shown = page(wire).body.decode()
    assert "user99@example.com" in shown and "user100@example.com" not in shown
    found = page(wire, search="USER100@").body.decode()
    assert "Sign in as user100@example.com" in found and "Sign in as user9" not in found


def test_the_session_gives_access_tokens_with_what_was_chosen(wire: Wire) -> None:
    user_id = add_user(wire, email="ada@example.com")
    organization_id = wire.post("/_emulator/organizations", {"name": "Acme"}).json()["id"]
    response = submit(
        wire,
        redirect=APP,
        userId=user_id,
        organizationId=organization_id,
        role="admin",
        claims='{"plan": "pro"}',
        expiresIn="60",
    )
    cookies = "\n".join(response.headers.get_all("Set-Cookie") or [])
    assert re.search("__client_session=.*; HttpOnly; SameSite=Lax", cookies)
    cookie = {"Cookie": session_cookie(response)}
    refreshed = wire.send("POST", "/_torii/auth/session/refresh", None, cookie).json()
    claims = wire.verified(refreshed["accessToken"])
    assert (claims["sub"], claims["plan"]) == (user_id, "pro")
    assert (claims["org_id"], claims["org_role"]) == (organization_id, "admin")
    assert claims["exp"] - claims["iat"] == 60


def test_claims_of_any_depth_sign_in_or_are_refused(wire: Wire) -> None:
    user_id = add_user(wire, email="ada@example.com")
    # Decoding and encoding have limits that depend on the Python, and are close to each other.
    for depth in (100, *range(900, 1010), 5000):
        claims = '{"a": ' + "[" * depth + "]" * depth + "}"
        assert submit(wire, userId=user_id, claims=claims).status in {200, 400}


def session_cookie(response: Response) -> str:
    cookies = response.headers.get_all("Set-Cookie") or []
    (session,) = [cookie for cookie in cookies if cookie.startswith("__client_session=")]
    return session.partition(";")[0]


def test_browsers_that_sign_in_at_once_get_sessions_of_their_own(wire: Wire) -> None:
    user_ids = [add_user(wire, email=f"user{number}@example.com") for number in range(8)]
    with ThreadPoolExecutor(len(user_ids)) as browsers:
        responses = browsers.map(lambda user_id: submit(wire, userId=user_id), user_ids)
    for user_id, response in zip(user_ids, responses):
        cookie = {"Cookie": session_cookie(response)}
        client = wire.send("GET", "/_torii/client", None, cookie).json()
        assert client["user"]["id"] == user_id


@pytest.mark.parametrize("cookie", ["01970000-0000-7000-8000-000000000001", "", "<b>", "x" * 4000])
def test_the_last_choice_at_another_emulator_is_ignored(wire: Wire, cookie: str) -> None:
    add_user(wire, email="ada@example.com")
    sent = {"Cookie": f"torii_emulator_last_choice={cookie}"}
    response = wire.send("GET", "/_emulator/sign-in", None, sent)
    assert response.status == 200
    assert b"last choice" not in response.body
