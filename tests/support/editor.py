"""What an editor completes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.installed import is_left_out


@pytest.fixture
def jedi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Jedi, with a cache of this test alone: processes that share one read half-written files."""
    if is_left_out("jedi"):
        pytest.skip("for `tox run -e frameworks`")
    import jedi

    monkeypatch.setattr(jedi.settings, "cache_directory", str(tmp_path))
    return jedi
