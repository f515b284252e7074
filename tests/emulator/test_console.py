"""The console over plain HTTP: its files, their headers, and how it is turned off."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import torii_backend
from torii_backend.emulator import Emulator

from .conftest import Wire

FILES = {
    "": "text/html",
    "page.css": "text/css",
    "console.css": "text/css",
    "console.js": "text/javascript",
    "dom.js": "text/javascript",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:;"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PLACEHOLDER = "http://127.0.0.1:8000/webhooks"
MAX_LINES = 600
MAX_BYTES = 80 * 1024
CODE = """
import sys
from torii_backend.emulator import Emulator
with Emulator() as torii:
    torii.issue_token()
for name in sys.modules:
    if name.startswith(("torii_backend.emulator.console", "torii_backend.emulator.pages")):
        print(name)
"""


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_served_and_kept_to_itself(wire: Wire, name: str) -> None:
    response = wire.get(f"/_emulator/{name}")
    assert response.status == 200
    assert response.headers["Content-Type"] == f"{FILES[name]}; charset=utf-8"
    assert response.headers["Content-Security-Policy"] == POLICY
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-store"


def test_the_address_without_a_slash_leads_there(wire: Wire) -> None:
    response = wire.get("/_emulator")
    assert (response.status, response.headers["Location"]) == (302, "/_emulator/")


def test_a_page_of_another_site_can_not_read_it(wire: Wire) -> None:
    headers = {"Origin": "https://evil.example"}
    assert wire.send("GET", "/_emulator/", None, headers).status == 403


def test_nothing_is_inline_and_nothing_is_from_outside(wire: Wire) -> None:
    for name in FILES:
        text = wire.get(f"/_emulator/{name}").body.decode()
        assert set(re.findall(r"https?://[^\s\"'<]+", text)) <= {PLACEHOLDER}
        assert not re.search(
            r"<script>|<style|\bstyle=|\bon[a-z]+=\"|innerHTML|eval\(|@import", text
        )


def test_without_it_the_sign_in_page_stays() -> None:
    with Emulator(console=False) as torii:
        wire = Wire(torii.issuer)
        for name in ("", "console.css", "console.js", "dom.js"):
            assert wire.get(f"/_emulator/{name}").status == 404
        assert wire.get("/_emulator").status == 404
        assert wire.get("/_emulator/sign-in").status == 200
        assert wire.get("/_emulator/page.css").status == 200


def test_nothing_is_imported_for_pages_until_one_is_asked_for() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_it_stays_small() -> None:
    emulator = Path(torii_backend.__file__).parent / "emulator"
    scripts = list((emulator / "console").glob("*.js"))
    lines = sum(len(script.read_text("utf-8").splitlines()) for script in scripts)
    assert len(scripts) <= 3 and lines <= MAX_LINES
    files = [path for folder in ("console", "pages") for path in (emulator / folder).glob("*.*")]
    assert sum(path.stat().st_size for path in files) <= MAX_BYTES
