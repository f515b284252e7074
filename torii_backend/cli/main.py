"""The command line: `torii <command>`, also `python -m torii_backend <command>`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Optional

from torii_backend.cli import emulator


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run one command.

    Args:
        argv: the arguments without the program's name. By default, None, they are those of
            `sys.argv`.

    Returns:
        The exit code: 0, or 2 if a setting is invalid.

    Raises:
        SystemExit: the arguments are invalid or ask for help.
    """
    parser = argparse.ArgumentParser(prog="torii", description="Torii for Python backends.")
    commands = parser.add_subparsers(dest="command", title="commands", metavar="command")
    emulator.add_parser(commands)
    arguments = parser.parse_args(argv)
    if arguments.command is None:
        parser.print_help()
        return 0
    code: int = arguments.run(arguments)
    return code
