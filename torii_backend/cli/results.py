"""Keep stdout for the result of a command that runs code of the user's."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, redirect_stdout
from typing import TextIO

_STDOUT, _STDERR = 1, 2


@contextmanager
def stdout_for_results() -> Generator[TextIO, None, None]:
    """Return a file for results. What else is printed meanwhile goes to stderr.

    That includes what an app prints on its threads, and what it has child processes print.
    """
    stdout = sys.stdout
    with redirect_stdout(sys.stderr):
        try:
            saved = os.dup(stdout.fileno())
            os.dup2(_STDERR, _STDOUT)
        except (OSError, ValueError):  # it is closed, or no file
            yield stdout
            return
        try:
            # A route may have characters that the terminal can't show.
            with open(
                saved, "w", encoding=stdout.encoding, errors="replace", closefd=False
            ) as results:
                yield results
        finally:
            os.dup2(saved, _STDOUT)
            os.close(saved)
