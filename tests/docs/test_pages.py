"""The examples of pages.md: the Django project in a new one of its own, and what the one of Flask refuses."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.installed import is_left_out
from torii_backend.emulator import Emulator
from torii_backend.testing import ToriiFixture

from .sections import run_sections
from .test_examples import BLOCK, ISSUER, ROOT

FILE = re.compile(r"# (shop/\w+\.py)\n")
STAFF = {"o": {"id": "org_shop", "rol": "admin"}}


def _make_project(folder: Path, issuer: str) -> None:
    """Make a project as django-admin does, and add each block of the page to the file that it names."""
    call_command("startproject", "shop", str(folder))
    text = (ROOT / "docs" / "pages.md").read_text("utf-8").replace(ISSUER, issuer)
    blocks = [(FILE.match(block), block) for block in BLOCK.findall(text)]
    # The page adds URL patterns to its own, and not to those of the new project.
    (folder / "shop" / "urls.py").unlink()
    for named, block in blocks:
        if named:
            with (folder / named[1]).open("a", encoding="utf-8") as file:
                file.write(block)


def test_the_django_project_works(torii: ToriiFixture, tmp_path: Path) -> None:
    _make_project(tmp_path, torii.issuer)
    user = torii.create_user()
    tokens = [
        torii.issue_token(user_id=user.id, claims=claims).access_token for claims in ({}, STAFF)
    ]
    finished = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("session_project.py")), user.id, *tokens],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
            "TORII_API_URL": torii.api_url,
            "TORII_SECRET_KEY": torii.secret_key,
            "TORII_WEBHOOK_SECRET": "whsec_MDEyMzQ1Njc4OWFiY2RlZg==",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr


@pytest.mark.skipif(is_left_out("flask_login"), reason="Flask-Login is not installed")
class TestFlask:
    @pytest.fixture
    def page(self, torii: Emulator) -> Any:
        return run_sections("pages.md", "## Flask", issuer=torii.issuer)

    @pytest.fixture
    def client(self, page: Any) -> Any:
        return page.site.test_client()

    def _start(self, client: Any, torii: Emulator, target: str = "", **arguments: Any) -> Any:
        origin = arguments.pop("origin", "https://localhost")
        token = torii.issue_token(user_id="ada", **arguments).access_token
        headers = {"Authorization": f"Bearer {token}", "Origin": origin}
        return client.post(f"/session{target}", base_url="https://localhost", headers=headers)

    def _account(self, client: Any) -> Any:
        return client.get("/account", base_url="https://localhost")

    def test_a_token_starts_a_session(self, client: Any, torii: Emulator) -> None:
        assert self._account(client).location == "/sign-in?next=%2Faccount"
        assert client.post("/session", base_url="https://localhost").status_code == 401
        assert self._start(client, torii, "?next=/orders").json == {"next": "/orders"}
        assert self._account(client).text == "Signed in as ada"
        client.post("/sign-out", base_url="https://localhost")
        assert self._account(client).status_code == 302

    def test_a_session_ends_with_its_token(self, client: Any, torii: Emulator) -> None:
        assert self._start(client, torii, expires_in=-1).status_code == 200  # within the leeway
        assert self._account(client).status_code == 302

    def test_who_is_not_active_has_no_session(
        self, page: Any, client: Any, torii: Emulator
    ) -> None:
        self._start(client, torii)
        page.users["ada"].is_active = False
        assert self._account(client).status_code == 302
        assert self._start(client, torii).status_code == 403
        assert self._account(client).status_code == 302

    def test_another_site_cannot_start_one(self, client: Any, torii: Emulator) -> None:
        for origin in ("https://evil.example", "http://localhost", "null", ""):
            assert self._start(client, torii, origin=origin).status_code == 403
        assert self._account(client).status_code == 302

    def test_next_is_a_page_of_this_host(self, client: Any, torii: Emulator) -> None:
        for wanted in (
            "https://evil.example",
            "//evil.example",
            "/%5Cevil.example",
            "/%09/evil.example",
            "javascript:alert(1)",
            "%0A//evil.example",
            "/orders%0A",
        ):
            assert self._start(client, torii, f"?next={wanted}").json == {"next": "/account"}

    def test_nobody_who_acts_as_the_user_starts_one(self, client: Any, torii: Emulator) -> None:
        assert self._start(client, torii, claims={"act": {"sub": "support"}}).status_code == 403
