"""The version of the package, in a distribution and in a bare checkout."""

from __future__ import annotations

import re
from importlib import metadata

import pytest

import torii_backend


def test_the_version_is_that_of_the_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(vars(torii_backend), "__version__", raising=False)
    monkeypatch.setattr(metadata, "version", lambda name: f"1.2.3+{name}")
    assert torii_backend.__version__ == "1.2.3+torii-backend"


def test_a_checkout_without_metadata_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.delitem(vars(torii_backend), "__version__", raising=False)
    monkeypatch.setattr(metadata, "version", missing)
    assert torii_backend.__version__ == "unknown"
    monkeypatch.undo()
    vars(torii_backend).pop("__version__", None)
    assert re.fullmatch(r"unknown|\d+\.\d+.*", torii_backend.__version__)
