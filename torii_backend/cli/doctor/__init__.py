"""The command `doctor`: find out why sign-in doesn't work here."""

from __future__ import annotations

import argparse
import os
from functools import partial
from typing import Any, Callable, Optional

_SETTINGS = "DJANGO_SETTINGS_MODULE"


def configure(parser: argparse.ArgumentParser) -> None:
    """Set up the parser."""
    parser.description = (
        "Check the settings, the issuer, the REST API and an app. Nothing is changed, and it takes 15 "
        "seconds at most. The exit code is 1 if a check failed."
    )
    parser.add_argument(
        "app",
        metavar="APP",
        nargs="?",
        help="module:attribute or module:function(), such as app.main:app; not needed with Django",
    )
    parser.add_argument(
        "--settings", metavar="MODULE", help=f"Django's settings (default: {_SETTINGS})"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the checks and print the findings. Return the exit code."""
    from torii_backend.cli.doctor.checks import run_checks
    from torii_backend.cli.doctor.output import print_findings
    from torii_backend.cli.results import stdout_for_results

    if arguments.settings:
        os.environ[_SETTINGS] = arguments.settings
    with stdout_for_results() as results:
        return print_findings(run_checks(_loader(arguments.app)), results, as_json=arguments.json)


def _loader(app: Optional[str]) -> Optional[Callable[[], Any]]:
    """Return what loads the app, or None if there is none to look at."""
    if app is not None:
        from torii_backend.cli.load_app import load_app

        return partial(load_app, app)
    if not os.environ.get(_SETTINGS):
        return None
    from torii_backend.cli.doctor.app import load_django

    return load_django
