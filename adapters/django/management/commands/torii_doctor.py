"""The command `manage.py torii_doctor`: find out why sign-in doesn't work in this project."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from torii_backend.cli.doctor.checks import run_checks
from torii_backend.cli.doctor.output import print_findings
from torii_backend.cli.doctor.proxy import require_origin
from torii_backend.errors import ConfigurationError


class Command(BaseCommand):
    """Does what `torii doctor` does, for the project of this `manage.py`."""

    help = (
        "Check the settings, the issuer, the REST API and this project. Nothing is changed, and it takes "
        "15 seconds at most. The exit code is 1 if a check failed."
    )
    # It reports ours itself, among its own.
    requires_system_checks: Any = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options of `torii doctor` that Django lacks."""
        parser.add_argument(
            "--origin",
            metavar="URL",
            help="the origin of your app, such as https://app.example.com, to check its ToriiProxy",
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_: Any, **options: Any) -> None:
        """Run the checks and print the findings.

        Raises:
            SystemExit: a check failed.
            CommandError: the origin is not valid.
        """
        origin = options["origin"]
        try:
            origin = None if origin is None else require_origin(origin)
        except ConfigurationError as error:
            raise CommandError(str(error), returncode=2) from None
        findings = run_checks(lambda: settings, origin=origin)
        code = print_findings(findings, sys.stdout, as_json=options["json"])
        if code:
            sys.exit(code)
