"""`emulator`: run a local Torii until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import json
import signal
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from torii_backend.errors import ConfigurationError

if TYPE_CHECKING:
    from torii_backend.emulator import Emulator


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "emulator",
        help="run a local Torii",
        description="Run a local Torii: an issuer and a REST API, for development and tests.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to serve on (%(default)s)")
    parser.add_argument(
        "--port", type=int, default=4100, help="port to serve on, 0 for a free one (%(default)s)"
    )
    parser.add_argument(
        "--allow-remote", action="store_true", help="serve on a host that is not loopback"
    )
    parser.add_argument(
        "--db", metavar="FILE", default=":memory:", help="keep the data in this SQLite file"
    )
    parser.add_argument(
        "--seed", metavar="FILE", help="fill an empty database with the users of this JSON file"
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON once it serves")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM; return the exit code."""
    from torii_backend.emulator import Emulator

    try:
        torii = Emulator(
            host=arguments.host,
            port=arguments.port,
            allow_remote=arguments.allow_remote,
            db=arguments.db,
            seed=arguments.seed,
        )
        with _signals_caught() as signalled, torii:
            sys.stdout.write(_line(torii) if arguments.json else _welcome(torii))
            sys.stdout.flush()
            signalled.recv(1)
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


@contextmanager
def _signals_caught() -> Generator[socket.socket, None, None]:
    """Turn Ctrl-C and SIGTERM into a byte to read from a socket.

    A signal may reach any thread; one that is not the main thread would leave a main thread that
    sleeps asleep.
    """
    reader, writer = socket.socketpair()
    with reader, writer:
        writer.setblocking(False)
        wakeup = signal.set_wakeup_fd(writer.fileno())
        handlers = {
            number: signal.signal(number, _leave_it_to_the_socket)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield reader
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(wakeup)


def _leave_it_to_the_socket(number: int, frame: object) -> None:
    pass


def _line(torii: Emulator) -> str:
    names = ("issuer", "api_url", "secret_key", "environment_id")
    facts: dict[str, object] = {name: getattr(torii, name) for name in names}
    other = torii.other_environment
    facts["other_environment"] = {
        "environment_id": other.environment_id,
        "secret_key": other.secret_key,
    }
    return json.dumps(facts) + "\n"


def _welcome(torii: Emulator) -> str:
    return f"""\
A local Torii is running.

  issuer          {torii.issuer}
  API url         {torii.api_url}
  secret key      {torii.secret_key}
  environment id  {torii.environment_id}

Mint an access token:

  curl -d '{{"claims": {{"plan": "pro"}}}}' '{torii.issuer}/_emulator/tokens'

Find users:

  curl -X POST -H 'Authorization: Bearer {torii.secret_key}' '{torii.api_url}/api/server/v1/users/search'

Press Ctrl-C to stop.
"""
