"""The command `flask torii routes`, which Flask finds by the entry point of this package."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import Optional

import click
from flask.cli import AppGroup, ScriptInfo

from torii_backend._guard.route_report import HELP, report
from torii_backend.errors import ConfigurationError
from torii_backend.flask.routes import routes

torii: AppGroup = AppGroup("torii", short_help="Check how the application uses Torii.")


@torii.command("routes", with_appcontext=False)
@click.option("--open", "only_open", is_flag=True, help=HELP["open"])
@click.option("--check", metavar="FILE", help=HELP["check"])
@click.option("--json", "as_json", is_flag=True, help=HELP["json"])
@click.pass_context
def list_routes(
    context: click.Context, only_open: bool, check: Optional[str], as_json: bool
) -> None:
    """List the routes, each with its guard. No route is called.

    The exit code is 1 if one is open, optional or unknown and the file of --check doesn't allow it.
    """
    # What the application prints while it is imported is no part of the report.
    with redirect_stdout(sys.stderr):
        app = context.ensure_object(ScriptInfo).load_app()
    try:
        text, summary, code = report(routes(app), only_open=only_open, check=check, as_json=as_json)
    except ConfigurationError as error:
        click.echo(f"Error: {error}", err=True)
        context.exit(2)
    click.echo(text, nl=False)
    click.echo(summary, nl=False, err=True)
    context.exit(code)
