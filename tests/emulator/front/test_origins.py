"""Pages of other origins, on the endpoints for front-ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .browser import PASSWORD, REFRESH, Browser, error_code

if TYPE_CHECKING:
    from tests.emulator.rest.api import Api

EMAIL = "ada@example.com"
BODY = {"email": EMAIL, "password": PASSWORD}
LOGIN = "/_torii/auth/login"
CHANGES = [
    *(("POST", LOGIN), ("POST", "/_torii/auth/signup"), ("POST", REFRESH)),
    *(("POST", "/_torii/auth/logout"), ("PATCH", "/_torii/users/me")),
]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost.evil.example"]
)
@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_a_foreign_page_changes_nothing(
    browser: Browser, origin: str, method: str, path: str
) -> None:
    browser.signed_up(EMAIL)
    response = browser.send(method, path, BODY, {"Origin": origin})
    assert error_code(response, 403) == "forbidden"
    assert "Set-Cookie" not in response.headers
    assert browser.refresh().status == 200


def test_pages_of_the_developer_s_own_sign_in(browser: Browser, api: Api) -> None:
    api.user(**BODY)
    api.ok("PUT", "/allowed-origins", {"origins": ["https://app.example"]})
    for origin in ("http://localhost:3000", "http://[::1]:5173", "https://app.example"):
        response = browser.send("POST", LOGIN, BODY, {"Origin": origin})
        assert response.status == 200
        assert response.headers["Access-Control-Allow-Origin"] == origin
        assert response.headers["Access-Control-Allow-Credentials"] == "true"
