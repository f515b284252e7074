"""The command line: `torii <command>`, also `python -m torii_backend <command>`.

A command is a module with `configure`, which sets up its parser. It is imported only if its command
runs, so that `torii --help` and `torii token` start fast.
"""

from __future__ import annotations

import errno
import io
import os
import re
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any, Callable, NamedTuple, NoReturn, Optional

from torii_backend.errors import ConfigurationError

# An argument may be a token or a password in the wrong place. What could be the name of a command or of
# an option, misspelled, has nothing but letters and hyphens.
_WORD = re.compile(r"[^\s'\",()]+")
_NAME = re.compile(r"[A-Za-z-]{1,20}:?")


class _Parser(ArgumentParser):
    """Does not quote arguments in its errors, unless they look like names."""

    def error(self, message: str) -> NoReturn:
        super().error(_WORD.sub(lambda word: word[0] if _NAME.fullmatch(word[0]) else "…", message))


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run one command.

    Args:
        argv: the arguments without the program's name. By default, None, they are those of
            `sys.argv`.

    Returns:
        The exit code: 0 if all is well, 1 if the command found something, 2 if an argument or a
        setting is wrong, 130 after Ctrl-C. 1 also if the output can't be written.

    Raises:
        SystemExit: the arguments are invalid or ask for help.
    """
    if sys.stdout is None:
        # The output was closed (`>&-`), so nobody wants it.
        sys.stdout = io.StringIO()
    try:
        try:
            return _run(sys.argv[1:] if argv is None else argv)
        finally:
            # Here, and not when Python exits, a pipe that is closed can still be told.
            sys.stdout.flush()
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        # Such as `torii routes app:app | head`, where nobody reads on, or a disk that is full.
        if error.errno not in (errno.EPIPE, errno.ENOSPC):
            raise
        if error.errno == errno.ENOSPC:
            sys.stderr.write("The output can't be written: the disk is full.\n")
        # What Python still flushes at exit goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    finally:
        if argv is None:
            # The process ends. What an app still prints is no result.
            sys.stdout = sys.stderr


def _run(argv: Sequence[str]) -> int:
    parser = _Parser(prog="torii", description="Torii for Python backends.")
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(dest="command", title="commands", metavar="command")
    named = next((argument for argument in argv if not argument.startswith("-")), None)
    for name, (summary, load) in _COMMANDS.items():
        command = commands.add_parser(name, help=summary)
        if name == named:
            load().configure(command)
    arguments = parser.parse_args(argv)
    if arguments.version:
        from torii_backend.settings import package_version

        sys.stdout.write(f"torii {package_version()}\n")
        return 0
    if arguments.command is None:
        parser.print_help()
        return 0
    code: int = arguments.run(arguments)
    return code


def _routes() -> Any:
    from torii_backend.cli import routes

    return routes


def _explain() -> Any:
    from torii_backend.cli import explain

    return explain


def _token() -> Any:
    from torii_backend.cli import token

    return token


def _doctor() -> Any:
    from torii_backend.cli import doctor

    return doctor


def _emulator() -> Any:
    from torii_backend.cli import emulator

    return emulator


def _trigger() -> Any:
    from torii_backend.cli import trigger

    return trigger


class _Command(NamedTuple):
    summary: str
    # A function each, as Nuitka and PyInstaller follow import statements only.
    load: Callable[[], Any]


_COMMANDS = {
    "routes": _Command("list the routes of an app, and whether each needs sign-in", _routes),
    "explain": _Command("say why an access token is accepted or rejected", _explain),
    "token": _Command("print an access token of a running emulator", _token),
    "doctor": _Command("find out why sign-in doesn't work here", _doctor),
    "trigger": _Command("send a signed event to your app", _trigger),
    "emulator": _Command("run a local Torii", _emulator),
}
