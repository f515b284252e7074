"""The files on disk are the packages that pyproject.toml lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


def _packages(root: Path) -> dict[str, str]:
    """Map each package on disk to its folder, as it is to be installed."""
    found = {}
    for source, package in (("torii_backend", "torii_backend"), ("adapters", "torii_backend")):
        for init in (root / source).rglob("__init__.py"):
            folder = init.parent.relative_to(root)
            linked = any((root / parent).is_symlink() for parent in [folder, *folder.parents])
            if not linked and folder != Path("adapters"):
                found[".".join([package, *folder.parts[1:]])] = folder.as_posix()
    return found


def test_no_package_is_forgotten(root: Path, pyproject: dict[str, Any]) -> None:
    listed = pyproject["tool"]["setuptools"]["packages"]
    assert listed == sorted(_packages(root))


def test_every_package_comes_from_its_own_folder(root: Path, pyproject: dict[str, Any]) -> None:
    assert pyproject["tool"]["setuptools"]["package-dir"] == _packages(root)


def test_the_checkout_finds_every_adapter_through_a_link(root: Path) -> None:
    if not (root / ".git").exists():
        pytest.skip("links are lost outside of git")
    adapters = sorted(init.parent.name for init in (root / "adapters").glob("*/__init__.py"))
    links = {path.name: path.readlink() for path in _links(root)}
    assert links == {name: Path("..", "adapters", name) for name in adapters}


def test_a_newcomer_sees_twenty_entries_beside_the_links(root: Path) -> None:
    entries = {path.name for path in (root / "torii_backend").iterdir()}
    assert len(entries - {path.name for path in _links(root)} - {"__pycache__"}) <= 20, entries


def test_every_adapter_has_a_coverage_path(root: Path, pyproject: dict[str, Any]) -> None:
    paths = pyproject["tool"]["coverage"]["paths"]
    adapters = {init.parent.name for init in (root / "adapters").glob("*/__init__.py")}
    assert paths.keys() == {"core", *adapters}


def _links(root: Path) -> list[Path]:
    return [path for path in (root / "torii_backend").iterdir() if path.is_symlink()]
