"""The command line: `torii <command>`, also `python -m torii_backend <command>`.

A command is a module with `configure`, which sets up its parser. It is imported only if its command
runs, so that `torii --help` and `torii token` start fast.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any, Optional

from torii_backend.errors import ConfigurationError

_COMMANDS = {
    "routes": "list the routes of an app, and whether each needs sign-in",
    "explain": "say why an access token is accepted or rejected",
    "token": "print an access token of a running emulator",
    "emulator": "run a local Torii",
}


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run one command.

    Args:
        argv: the arguments without the program's name. By default, None, they are those of
            `sys.argv`.

    Returns:
        The exit code: 0 if all is well, 1 if the command found something, 2 if an argument or a
        setting is wrong, 130 after Ctrl-C.

    Raises:
        SystemExit: the arguments are invalid or ask for help.
    """
    try:
        return _run(sys.argv[1:] if argv is None else argv)
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Such as `torii routes app:app | head`. What Python still flushes at exit goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(argv: Sequence[str]) -> int:
    parser = ArgumentParser(prog="torii", description="Torii for Python backends.")
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(dest="command", title="commands", metavar="command")
    named = next((argument for argument in argv if not argument.startswith("-")), None)
    for name, summary in _COMMANDS.items():
        command = commands.add_parser(name, help=summary)
        if name == named:
            _module(name).configure(command)
    arguments = parser.parse_args(argv)
    if arguments.version:
        from torii_backend.settings import package_version

        sys.stdout.write(f"torii {package_version()}\n")
        return 0
    if arguments.command is None:
        parser.print_help()
        return 0
    code: int = arguments.run(arguments)
    sys.stdout.flush()
    return code


def _module(name: str) -> Any:
    """Import a command. Nuitka and PyInstaller follow import statements only."""
    if name == "routes":
        from torii_backend.cli import routes

        return routes
    if name == "explain":
        from torii_backend.cli import explain

        return explain
    if name == "token":
        from torii_backend.cli import token

        return token
    from torii_backend.cli import emulator

    return emulator
