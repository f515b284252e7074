"""Versions of Python and of dependencies below what we support."""

from __future__ import annotations

from pathlib import Path

import pytest

from torii_backend.cli.doctor.finding import Report
from torii_backend.cli.doctor.versions import CHECKS, FLOORS, judge_python

from .conftest import Diagnose


@pytest.mark.parametrize("name", FLOORS)
def test_a_dependency_that_is_too_old(
    diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    metadata = tmp_path / f"{name}-1.9.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.9.9rc1\n", "utf-8")
    assert diagnose().has("ok", f"versions.{name}")
    monkeypatch.syspath_prepend(tmp_path)
    found = diagnose()
    assert found.has("failed", f"versions.{name}", f"{name} 0.9.9rc1 is older than")
    assert FLOORS[name] in found[f"versions.{name}"].remedy


def test_a_python_that_is_too_old() -> None:
    report = Report(CHECKS)
    judge_python(report, (3, 8))
    found = report.findings()[0]
    assert (found.status, found.sentence) == ("failed", "Python 3.8 is too old.")
