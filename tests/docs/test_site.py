"""The documentation site: what docs/site/build.py makes of the repository. `tox run -e site` builds it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, get_args

import pytest

import torii_backend
from tests.client.operations import OPERATIONS
from torii_backend import client
from torii_backend.errors import (
    SENTENCES,
    WEBHOOK_SENTENCES,
    InvalidTokenReason,
    InvalidWebhookReason,
    PermissionDeniedReason,
    ToriiApiError,
)

from .test_links import _anchors

yaml = pytest.importorskip("yaml", reason="reads the settings of the site with PyYAML")
ROOT = Path(__file__).parents[2]
SINGLE = (
    *("missing_credentials", "invalid_request", "permission_denied"),
    *("keys_unavailable", "revocations_unavailable"),
)


@pytest.fixture(scope="module")
def build() -> Any:
    spec = spec_from_file_location("site_build", ROOT / "docs" / "site" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def config() -> Any:
    return yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))


@pytest.fixture(scope="module")
def pages(build: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("pages")
    build.stage(ROOT, folder)
    return folder


def test_the_navigation_leads_to_every_page_of_docs_and_to_none_that_is_missing(
    build: Any, config: Any, pages: Path
) -> None:
    files = [file for _, _, file in build.entries(config["nav"])]
    assert [file for file in files if not (pages / file).is_file()] == []
    wanted = {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}
    wanted |= {f"reference/{page.name}" for page in (pages / "reference").iterdir()}
    assert sorted(wanted - set(files)) == [], "mkdocs.yml must name these pages in `nav`"
    assert len(files) == len(set(files))


def test_the_reference_has_every_public_name(pages: Path) -> None:
    def listed(module: str) -> list[str]:
        text = (pages / "reference" / f"{module}.md").read_text("utf-8")
        return re.findall(rf"^::: {re.escape(module)}\.(\w+)$", text, re.MULTILINE)

    assert listed("torii_backend") == torii_backend.__all__
    assert listed("torii_backend.client") == client.__all__
    resources = {operation.method.partition(".")[0] for operation in OPERATIONS}
    assert all(listed(f"torii_backend.client.{resource}") for resource in resources)
    # Each module that a page imports from is public.
    used = {
        name
        for page in (ROOT / "docs").glob("*.md")
        for name in re.findall(
            r"^from (torii_backend(?:\.\w+)*) import", page.read_text("utf-8"), re.MULTILINE
        )
    }
    assert {name for name in used if not (pages / "reference" / f"{name}.md").exists()} == set()


def test_links_to_code_lead_to_pages_that_show_it(pages: Path) -> None:
    quickstarts = (pages / "docs" / "quickstarts.md").read_text("utf-8")
    assert "](../examples/flask_app.md)" in quickstarts
    page = (pages / "examples" / "flask_app.md").read_text("utf-8")
    code = (ROOT / "examples" / "flask_app.py").read_text("utf-8").partition("\n")[2]
    assert code.strip() in page
    assert "TORII_ISSUER=http://127.0.0.1:4100 flask --app flask_app.py run --port 8000" in page
    assert "page.js" in (pages / "examples" / "browser" / "index.md").read_text("utf-8")


def test_a_link_to_nothing_stops_the_build(build: Any, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("[b](b.md#c)\n")
    (tmp_path / "docs" / "quickstarts.md").write_text("")
    with pytest.raises(FileNotFoundError, match=r"b\.md"):
        build.stage(tmp_path, tmp_path / "pages")
    (tmp_path / "docs" / "a.md").write_text(
        "[b](https://b.example)\n\n```python\na[b](c.md)\n```\n"
    )
    (tmp_path / "torii_backend").mkdir()
    build.stage(tmp_path, tmp_path / "pages")


def test_there_is_a_quickstart_of_every_example_that_serves(build: Any) -> None:
    rows = build._QUICKSTART.findall((ROOT / "docs" / "quickstarts.md").read_text("utf-8"))
    apps = sorted(f"examples/{file.name}" for file in (ROOT / "examples").glob("*_app.py"))
    assert sorted(file for _, _, file in rows) == apps
    extras = (ROOT / "pyproject.toml").read_text("utf-8")
    for _, install, _ in rows:
        assert install.startswith("pip install ")
        for extra in re.findall(r"torii-backend\[(\w+)\]", install):
            assert f"\n{extra} = [" in extras


def test_llms_txt_lists_the_pages_and_the_full_one_has_them(
    build: Any, config: Any, pages: Path, tmp_path: Path
) -> None:
    build.write_llms(config, pages, tmp_path)
    listed = (tmp_path / "llms.txt").read_text("utf-8")
    assert listed.startswith("# torii_backend\n\n> Sign-in with Torii")
    assert "\n## Guides\n" in listed
    files = re.findall(r"^- \[.+\]\((.+)\)$", listed, re.MULTILINE)
    assert "docs/policies.md" in files
    full = (tmp_path / "llms-full.txt").read_text("utf-8")
    for file in files:
        assert (tmp_path / file).read_text("utf-8") == (pages / file).read_text("utf-8")
        assert f"<!-- {file} -->" in full
    assert (ROOT / "docs" / "policies.md").read_text("utf-8") in full


def test_a_column_without_a_name_has_no_head(build: Any, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<th>a</th><th style="x"></th>')
    build.name_every_column(tmp_path)
    assert (tmp_path / "a.html").read_text() == "<th>a</th><td></td>"


def _errors() -> Iterator[tuple[str, str]]:
    """Give anchor and text of each section of the page of errors."""
    page = ROOT / "docs" / "errors.md"
    for section in page.read_text("utf-8").split("\n### ")[1:]:
        heading, _, text = section.partition("\n")
        yield heading, text.partition("\n## ")[0]


def test_the_page_of_errors_has_every_reason_with_cause_and_remedy_and_no_other() -> None:
    public = {name: getattr(client, name) for name in client.__all__}
    kinds = {name: kind for name, kind in public.items() if isinstance(kind, type)}
    classes = [name for name, kind in kinds.items() if issubclass(kind, ToriiApiError)]
    others = ["InboxUnavailable", "ToriiConnectionError", "ToriiTimeout", "ConfigurationError"]
    reasons = [*SINGLE, *get_args(InvalidTokenReason), *get_args(PermissionDeniedReason)]
    expected = [f"`{name}`" for name in (*reasons, *classes, *others)]
    expected += [f"Webhook: `{reason}`" for reason in get_args(InvalidWebhookReason)]
    sections = dict(_errors())
    assert sorted(sections) == sorted(expected)
    for heading, text in sections.items():
        assert re.findall(r"^\*\*(\w+)\.\*\* \S", text, re.MULTILINE) == ["Cause", "Remedy"], (
            heading
        )
    assert set(reasons) <= _anchors(ROOT / "docs" / "errors.md")


def test_the_page_of_errors_has_the_messages_that_users_search_for() -> None:
    sections = dict(_errors())
    for reason, sentence in SENTENCES.items():
        assert f'"{sentence}"' in sections[f"`{reason}`"]
    for reason, sentence in WEBHOOK_SENTENCES.items():
        assert f'"{sentence}"' in sections[f"Webhook: `{reason}`"]
    for error in (
        torii_backend.MissingCredentials,
        torii_backend.InvalidRequest,
        torii_backend.KeysUnavailable,
        torii_backend.RevocationsUnavailable,
    ):
        assert f'"{error()}"' in sections[f"`{error.reason}`"]
