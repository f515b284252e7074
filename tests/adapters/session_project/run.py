"""Run the tests of the project in a process of its own, and print what failed: `{test: traceback}`."""

# ruff: noqa: E402  (the settings come first)

from __future__ import annotations

import json
import os
import sys
import unittest
from pathlib import Path
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
sys.path.insert(0, str(Path(__file__).parent))

import django

django.setup()

from django.core.management import call_command
from django.test.utils import setup_test_environment


def main() -> None:
    """Run all, or those that are named."""
    setup_test_environment()
    call_command("migrate", verbosity=0)
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*.{name}" for name in sys.argv[1:]] or None
    suite = loader.loadTestsFromName("checks")
    result = unittest.TestResult()
    suite.run(result)
    failed: dict[str, Any] = {
        str(test.id()).rpartition(".")[2]: text for test, text in result.errors + result.failures
    }
    print(json.dumps({"ran": result.testsRun, "failed": failed}))  # noqa: T201


main()
