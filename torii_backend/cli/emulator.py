"""The command `emulator`: run a local Torii until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import json
import signal
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torii_backend.emulator import Emulator


def configure(parser: argparse.ArgumentParser) -> None:
    """Set up the parser."""
    parser.description = "Run a local Torii: an issuer and a REST API, for development and tests."
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to serve on (default: %(default)s)"
    )
    parser.add_argument(
        "--port",
        type=int,
        default=4100,
        help="port to serve on, or 0 for a free one (default: %(default)s)",
    )
    parser.add_argument(
        "--allow-remote", action="store_true", help="allow a host that other machines can reach"
    )
    parser.add_argument(
        "--db",
        metavar="FILE",
        default=":memory:",
        help="keep the data in this SQLite file (default: in memory)",
    )
    parser.add_argument("--seed", metavar="FILE", help="fill an empty database from this JSON file")
    parser.add_argument(
        "--webhooks", metavar="URL", action="append", help="send events there; may be repeated"
    )
    parser.add_argument(
        "--refresh-path",
        metavar="PATH",
        default="/_torii/auth/session/refresh",
        help="where front-ends renew access tokens (default: %(default)s)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print its settings as one line of JSON"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM. Return the exit code."""
    from torii_backend.emulator import Emulator

    torii = Emulator(
        host=arguments.host,
        port=arguments.port,
        allow_remote=arguments.allow_remote,
        db=arguments.db,
        seed=arguments.seed,
        webhooks=arguments.webhooks,
        refresh_path=arguments.refresh_path,
    )
    with _signal_socket() as signals, torii:
        sys.stdout.write(_as_json(torii) if arguments.json else _welcome(torii))
        sys.stdout.flush()
        signals.recv(1)
    return 0


@contextmanager
def _signal_socket() -> Generator[socket.socket, None, None]:
    """Return a socket that receives a byte at Ctrl-C and SIGTERM."""
    # A signal may reach any thread. If it isn't the main thread, a sleeping main thread would not
    # wake up, so the main thread reads from a socket instead.
    reader, writer = socket.socketpair()
    with reader, writer:
        writer.setblocking(False)
        wakeup = signal.set_wakeup_fd(writer.fileno())
        handlers = {
            number: signal.signal(number, _do_nothing) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield reader
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(wakeup)


def _do_nothing(number: int, frame: object) -> None:
    """Keep the default handler from ending the process: the socket gets the signal."""


def _as_json(torii: Emulator) -> str:
    names = ("issuer", "api_url", "secret_key", "environment_id")
    settings: dict[str, object] = {name: getattr(torii, name) for name in names}
    other = torii.other_environment
    settings["webhook_secret"] = torii.webhooks.secret
    settings["other_environment"] = {
        "environment_id": other.environment_id,
        "secret_key": other.secret_key,
    }
    return json.dumps(settings) + "\n"


def _welcome(torii: Emulator) -> str:
    return f"""\
A local Torii is running.

  issuer          {torii.issuer}
  API URL         {torii.api_url}
  secret key      {torii.secret_key}
  environment id  {torii.environment_id}
  webhook secret  {torii.webhooks.secret}

Issue an access token, by torii token or over HTTP:

  curl -d '{{"claims": {{"plan": "pro"}}}}' '{torii.issuer}/_emulator/tokens'

Search users:

  curl -X POST -H 'Authorization: Bearer {torii.secret_key}' '{torii.api_url}/api/server/v1/users/search'

Press Ctrl-C to stop.
"""
