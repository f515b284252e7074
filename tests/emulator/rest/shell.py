"""The emulator as a separate process, started from a shell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import NamedTuple

import torii_backend
from tests.emulator.conftest import WATCHDOG

from .api import Api


class Running(NamedTuple):
    """A running emulator: both its environments, and its process."""

    api: Api
    elsewhere: Api
    process: subprocess.Popen[str]


def started(*arguments: str) -> subprocess.Popen[str]:
    """Start `python -m torii_backend emulator` away from the checkout."""
    package = Path(torii_backend.__file__).resolve().parents[1]
    command = ["-W", "error", "-m", "torii_backend", "emulator", "--port", "0", "--json"]
    return subprocess.Popen(
        [sys.executable, *command, *arguments],
        cwd=Path(sys.executable).parent,
        env={**os.environ, "PYTHONPATH": str(package)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running(*arguments: str, end: int = 0) -> Iterator[Running]:
    """Run the emulator until the end of the block; it must end with the code that is expected."""
    with started(*arguments) as process:
        watchdog = Timer(WATCHDOG, process.kill)
        watchdog.start()
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, process.communicate()
            facts = json.loads(line)
            api, elsewhere = (
                Api(facts["api_url"], keys["environment_id"], keys["secret_key"])
                for keys in (facts, facts["other_environment"])
            )
            yield Running(api, elsewhere, process)
            process.terminate()
            assert process.communicate() == ("", "")
            assert process.returncode == end
        finally:
            watchdog.cancel()
            process.kill()


def startup_error(*arguments: str) -> str:
    """Run the emulator with invalid arguments. Return its error message."""
    with started(*arguments) as process:
        watchdog = Timer(WATCHDOG, process.kill)
        watchdog.start()
        output, errors = process.communicate()
        watchdog.cancel()
    assert (process.returncode, output) == (2, "")
    assert len(errors.splitlines()) == 1
    return errors
