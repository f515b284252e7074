"""Run `python -m torii_backend`."""

from __future__ import annotations

import sys

from torii_backend.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
