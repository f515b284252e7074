"""Parts of a page as a module, for tests that go further than its examples."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from .test_examples import BLOCK, ISSUER, ROOT, SECTION


def run_sections(page: str, *titles: str, issuer: str = ISSUER) -> Any:
    """Run the examples of some sections of a page, one after the other, in a new module."""
    path = ROOT / "docs" / page
    sections = {
        each[0].split("\n", 1)[0]: each[0] for each in SECTION.finditer(path.read_text("utf-8"))
    }
    module = ModuleType(f"{path.stem}_{titles[-1]}")
    for title in titles:
        for block in BLOCK.findall(sections[title]):
            source = block.replace(ISSUER, issuer)
            exec(compile(source, path, "exec", dont_inherit=True), vars(module))  # noqa: S102
    return module
