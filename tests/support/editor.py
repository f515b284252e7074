"""What an editor completes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def jedi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Jedi, with a cache of this test alone: processes that share one read half-written files."""
    import jedi

    monkeypatch.setattr(jedi.settings, "cache_directory", str(tmp_path))
    return jedi
