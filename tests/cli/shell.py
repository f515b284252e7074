"""Commands in processes of their own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import torii_backend

PYTHON = [sys.executable, "-W", "error"]


def elsewhere() -> dict[str, Any]:
    """Run outside the checkout, so that a process imports the same package as these tests."""
    package = Path(torii_backend.__file__).resolve().parents[1]
    return {"cwd": Path(sys.executable).parent, "env": {**os.environ, "PYTHONPATH": str(package)}}
