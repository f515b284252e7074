"""The command `routes`: list the routes of an app, and whether each is guarded."""

from __future__ import annotations

import argparse
import sys
from typing import Optional

from torii_backend._guard.audit import Route
from torii_backend._guard.route_report import add_arguments, report
from torii_backend.cli.app_option import add_app_arguments, set_django_settings
from torii_backend.cli.load_app import errors_of_app, load_app, load_django
from torii_backend.cli.results import stdout_for_results
from torii_backend.testing.routes import routes_of


def configure(parser: argparse.ArgumentParser) -> None:
    """Set up the parser."""
    parser.description = (
        "List the routes of an app, each with its guard. No route is called. The exit code is 1 if one is "
        "open, optional or unknown and the file of --check doesn't allow it."
    )
    add_app_arguments(parser)
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the report. Return the exit code."""
    set_django_settings(arguments)
    with stdout_for_results() as results:
        text, summary, code = report(
            _routes(arguments.app),
            only_open=arguments.open,
            check=arguments.check,
            as_json=arguments.json,
        )
        results.write(text)
        results.flush()
        sys.stderr.write(summary)
    return code


def _routes(target: Optional[str]) -> list[Route]:
    app = load_django() if target is None else load_app(target)
    with errors_of_app("The routes can't be listed"):
        return routes_of(app)
