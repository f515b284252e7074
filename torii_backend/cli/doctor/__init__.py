"""The command `doctor`: find out why sign-in doesn't work here."""

from __future__ import annotations

import argparse
import os
from functools import partial
from typing import Any, Callable, Optional

from torii_backend.cli.app_option import DJANGO_SETTINGS, add_app_arguments, set_django_settings


def configure(parser: argparse.ArgumentParser) -> None:
    """Set up the parser."""
    parser.description = (
        "Check the settings, the issuer, the REST API and an app. Nothing is changed, and it takes 15 "
        "seconds at most. The exit code is 1 if a check failed."
    )
    add_app_arguments(parser)
    parser.add_argument(
        "--origin",
        metavar="URL",
        help="the origin of your app, such as https://app.example.com, to check its ToriiProxy",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the checks and print the findings. Return the exit code."""
    from torii_backend.cli.doctor.checks import run_checks
    from torii_backend.cli.doctor.output import print_findings
    from torii_backend.cli.doctor.proxy import require_origin
    from torii_backend.cli.results import stdout_for_results

    origin = None if arguments.origin is None else require_origin(arguments.origin)
    set_django_settings(arguments)
    with stdout_for_results() as results:
        findings = run_checks(_loader(arguments.app), origin=origin)
        return print_findings(findings, results, as_json=arguments.json)


def _loader(app: Optional[str]) -> Optional[Callable[[], Any]]:
    """Return what loads the app, or None if there is none to look at."""
    if app is not None:
        from torii_backend.cli.load_app import load_app

        return partial(load_app, app)
    if not os.environ.get(DJANGO_SETTINGS):
        return None
    from torii_backend.cli.doctor.app import load_django_settings

    return load_django_settings
