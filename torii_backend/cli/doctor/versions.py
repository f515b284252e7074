"""Checks of the versions of Python and of what the package depends on."""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, version

from torii_backend.cli.doctor.finding import Report

# A test compares them with pyproject.toml.
PYTHON = (3, 9)
FLOORS = {
    "cryptography": "42.0.4",
    "msgspec": "0.18.6",
    "requests": "2.31",
    "urllib3": "2.6" if sys.version_info >= (3, 10) else "1.26.18",
    "werkzeug": "2.3.8",
}
CHECKS = ("versions.python", *(f"versions.{name}" for name in FLOORS))


def check_versions(report: Report) -> None:
    """Compare the installed versions with the lowest ones that we support."""
    judge_python(report, (sys.version_info.major, sys.version_info.minor))
    for name, floor in FLOORS.items():
        try:
            installed = version(name)
        except PackageNotFoundError:
            report.unknown([f"versions.{name}"], f"the metadata of {name} is missing")
            continue
        if _numbers(installed) < _numbers(floor):
            report.failed(
                f"versions.{name}",
                f"{name} {installed} is older than {floor}.",
                f'Run pip install --upgrade "{name}>={floor}".',
            )
        else:
            report.ok(f"versions.{name}", f"{name} {installed} is new enough.")


def judge_python(report: Report, running: tuple[int, int]) -> None:
    """Check the version of Python."""
    shown = ".".join(map(str, running))
    if running < PYTHON:
        wanted = ".".join(map(str, PYTHON))
        report.failed(
            "versions.python", f"Python {shown} is too old.", f"Use Python {wanted} or newer."
        )
    else:
        report.ok("versions.python", f"Python {shown} is new enough.")


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.match(r"[\d.]*", text)[0].split(".") if number]  # type: ignore[index]
