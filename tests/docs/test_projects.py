"""The Django projects of frameworks.md run in new projects, with no settings but those it shows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.installed import is_left_out
from torii_backend.emulator import Emulator

from .test_examples import BLOCK, ISSUER, ROOT, USER_ID

SETTING = re.compile(r"[A-Z_]+ = ")
NEEDS = {"Django": "django", "Django REST framework": "rest_framework", "django-ninja": "ninja"}
HTML = "text/html,application/xhtml+xml,*/*;q=0.8"


def _make_project(folder: Path, section: str, issuer: str) -> None:
    """Make a project as django-admin does, with the blocks of a section where they belong."""
    text = (ROOT / "docs" / "frameworks.md").read_text("utf-8")
    page = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    blocks = [block.replace(ISSUER, issuer) for block in BLOCK.findall(page)]
    call_command("startproject", "shop", str(folder))
    with (folder / "shop" / "settings.py").open("a", encoding="utf-8") as settings:
        # Those that it has need each other.
        settings.write("INSTALLED_APPS = []\nMIDDLEWARE = []\n")
        settings.writelines(block for block in blocks if SETTING.match(block))
    urls = "\n".join(block for block in blocks if not SETTING.match(block))
    (folder / "shop" / "urls.py").write_text(urls, "utf-8")


def _answers(folder: Path, *requests: tuple[str, dict[str, str]]) -> list[tuple[int, str]]:
    """Ask the project, with the settings that Django and REST framework have by default."""
    finished = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("asked.py")), json.dumps(requests)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return [(status, body) for status, body in json.loads(finished.stdout)]


@pytest.mark.parametrize("section", NEEDS)
def test_a_new_project_needs_no_settings_but_those_of_the_page(
    section: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_left_out(NEEDS[section]):
        pytest.skip(f"{NEEDS[section]} is not installed")
    monkeypatch.delenv("TORII_ISSUER", raising=False)
    with Emulator() as torii:
        _make_project(tmp_path, section, torii.issuer)
        good = torii.issue_token(user_id=USER_ID).access_token
        bad = torii.issue_token(claims={"email_verified": False}).access_token
        signed_in = {"HTTP_AUTHORIZATION": f"Bearer {good}"}
        admitted, browsed, *refused, unverified = _answers(
            tmp_path,
            ("/me", signed_in),
            ("/me", {**signed_in, "HTTP_ACCEPT": HTML}),
            ("/me", {}),
            ("/me", {"HTTP_ACCEPT": HTML}),
            ("/invoices", {"HTTP_AUTHORIZATION": f"Bearer {bad}"}),
        )
    for status, body in (admitted, browsed):
        assert (status, USER_ID in body) == (200, True)
    assert [status for status, _ in refused] == [401, 401]
    assert unverified[0] == 403
    assert "email_unverified" in unverified[1]
