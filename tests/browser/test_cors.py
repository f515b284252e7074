"""A page of another origin: a real browser lets its script use the emulator, and read what it may."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from torii_backend.emulator import Emulator

from .site import website

if TYPE_CHECKING:
    from playwright.sync_api import Page

FETCH = """
async ([url, method, body]) => {
  const response = await fetch(url, {
    method, body, credentials: "include",
    headers: body ? {"Content-Type": "application/json", "Authorization": "Bearer x"} : {},
  });
  return [response.status, await response.json()];
}
"""
IMAGE = """
url => new Promise(resolve => {
  const image = new Image();
  image.onload = image.onerror = () => resolve();
  image.src = url;
})
"""


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_script_on_a_loopback_page_reads_the_emulator(
    page: Page, torii: Emulator, host: str
) -> None:
    def fetched(method: str, path: str, body: str = "") -> Any:
        return page.evaluate(FETCH, [torii.issuer + path, method, body or None])

    with website() as port:
        page.goto(f"http://{host}:{port}/")
        status, issued = fetched("POST", "/_emulator/tokens", '{"userId": "user_ada"}')
        assert (status, issued["accessToken"].count(".")) == (200, 2)
        assert fetched("GET", "/_torii/.well-known/jwks.json")[1]["keys"]
        assert fetched("GET", "/_emulator/requests")[0] == 200
        refused, error = fetched("POST", "/_torii/auth/login", "{}")
        assert (refused, list(error)) == (400, ["error"])
        assert fetched("GET", "/_emulator/nothing")[0] == 404


def test_a_page_of_another_site_cannot_load_data_as_an_image(
    page: Page, torii: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "torii_backend.emulator")
    with website() as port:
        page.goto(f"http://localhost:{port}/")
        page.evaluate(IMAGE, f"{torii.issuer}/_emulator/deliveries")
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("GET /_emulator/deliveries 403 ")
