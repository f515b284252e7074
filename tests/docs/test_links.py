"""What the documentation points to exists: links, headings, files and names of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
CODE_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
FILE = re.compile(r"`([\w/]+\.py|[\w/]+/)`")
NAME = re.compile(r"`([A-Z]\w+(?:\.\w+)*|[a-z]+_\w+)`")


def _prose(page: Path) -> str:
    return CODE_BLOCK.sub("", page.read_text("utf-8"))


def _anchors(page: Path) -> set[str]:
    """Give the anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", _prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for file, anchor in LINK.findall(_prose(page)):
        target = page.parent / file if file else page
        assert target.exists(), file
        assert not anchor or anchor in _anchors(target), anchor


def test_every_file_that_the_architecture_names_exists() -> None:
    named = FILE.findall(_prose(ROOT / "ARCHITECTURE.md"))
    assert len(named) > 40
    for file in named:
        assert any((folder / file).exists() for folder in (ROOT, ROOT / "torii_backend")), file


def test_every_name_of_the_code_that_the_architecture_gives_exists() -> None:
    sources = [*(ROOT / "torii_backend").rglob("*.py"), *(ROOT / "adapters").rglob("*.py")]
    code = "\n".join(source.read_text("utf-8") for source in sources)
    for name in NAME.findall(_prose(ROOT / "ARCHITECTURE.md")):
        for word in name.split("."):
            assert re.search(rf"\b{word}\b", code), name
