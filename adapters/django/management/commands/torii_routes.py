"""The command `manage.py torii_routes`: list the routes, and whether each is guarded."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from torii_backend._guard.route_report import add_arguments, report
from torii_backend.django.routes import routes
from torii_backend.errors import ConfigurationError


class Command(BaseCommand):
    """Does what `torii routes` does, for the project of this `manage.py`."""

    help = (
        "List the routes of the project, each with its guard. No route is called. The exit code is 1 if "
        "one is open, optional or unknown and the file of --check doesn't allow it."
    )
    # Those of other apps have nothing to do with it.
    requires_system_checks: Any = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options of `torii routes`."""
        add_arguments(parser)

    def handle(self, *_: Any, **options: Any) -> None:
        """Print the report.

        Raises:
            CommandError: a setting or the file of `--check` is wrong. The exit code is 2 then.
            SystemExit: a route needs to be guarded or allowed.
        """
        try:
            text, summary, code = report(
                routes(),
                only_open=options["open"],
                check=options["check"],
                as_json=options["json"],
            )
        except ConfigurationError as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(text, ending="")
        if code:
            self.stderr.write(summary, ending="")
            sys.exit(code)
