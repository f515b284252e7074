"""The command `emulator`: run a local Torii until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Optional, Union

if TYPE_CHECKING:
    from torii_backend.emulator import Emulator

_SWITCHES = {
    **dict.fromkeys(["1", "true", "yes", "on"], True),
    **dict.fromkeys(["0", "false", "no", "off"], False),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Set up the parser. An option that isn't given has the value of its TORII_EMULATOR_ variable."""
    parser.description = (
        "Run a local Torii: an issuer and a REST API, for development and tests. Each option that takes "
        "a value can also be set by a variable such as TORII_EMULATOR_PORT."
    )
    parser.add_argument(
        "--host",
        default=_variable("HOST") or "127.0.0.1",
        help="address to serve on (default: 127.0.0.1)",
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=_variable("PORT") or 4100,
        help="port to serve on, or 0 for a free one (default: 4100)",
    )
    parser.add_argument(
        "--allow-remote",
        metavar="NAME",
        nargs="*",
        default=_variable("ALLOW_REMOTE"),
        help="allow a host that other machines can reach, under any private name or under these names",
    )
    parser.add_argument(
        "--issuer",
        metavar="URL",
        default=_variable("ISSUER"),
        help="what others call the emulator, such as http://torii:4100 (default: its address)",
    )
    parser.add_argument(
        "--secret-key",
        metavar="KEY",
        default=_variable("SECRET_KEY"),
        help="the secret key, sk_test_… (default: a random one)",
    )
    parser.add_argument(
        "--environment-id",
        metavar="UUID",
        default=_variable("ENVIRONMENT_ID"),
        help="the environment id (default: a random one)",
    )
    parser.add_argument(
        "--db",
        metavar="FILE",
        default=_variable("DB") or ":memory:",
        help="keep the data in this SQLite file (default: in memory)",
    )
    parser.add_argument(
        "--seed",
        metavar="FILE",
        default=_variable("SEED"),
        help="fill an empty database from this JSON file",
    )
    parser.add_argument(
        "--webhooks", metavar="URL", action="append", help="send events there; may be repeated"
    )
    parser.add_argument(
        "--refresh-path",
        metavar="PATH",
        default=_variable("REFRESH_PATH") or "/_torii/auth/session/refresh",
        help="where front-ends renew access tokens (default: /_torii/auth/session/refresh)",
    )
    parser.add_argument(
        "--no-console", action="store_true", help="don't serve the console at /_emulator/"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print its settings as one line of JSON; implies --quiet",
    )
    parser.add_argument("--quiet", action="store_true", help="don't log requests to standard error")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM. Return the exit code."""
    from torii_backend.emulator import Emulator

    console = not arguments.no_console
    torii = Emulator(
        host=arguments.host,
        port=arguments.port,
        allow_remote=_allow_remote(arguments.allow_remote),
        db=arguments.db,
        seed=arguments.seed,
        webhooks=arguments.webhooks or _listed(_variable("WEBHOOKS") or ""),
        issuer=arguments.issuer,
        secret_key=arguments.secret_key,
        environment_id=arguments.environment_id,
        refresh_path=arguments.refresh_path,
        console=console,
    )
    is_quiet = arguments.quiet or arguments.json
    with _signal_socket() as signals, _request_log(is_quiet=is_quiet), torii:
        sys.stdout.write(_as_json(torii) if arguments.json else _welcome(torii, console=console))
        sys.stdout.flush()
        signals.recv(1)
    return 0


def _variable(name: str) -> Optional[str]:
    """Return an environment variable of the command, or None if it is unset or empty."""
    return os.environ.get(f"TORII_EMULATOR_{name}", "").strip() or None


def _port(text: str) -> int:
    """Return a port, whose range `Emulator` checks."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            "port must be a whole number from 0 to 65535, such as 4100. Is TORII_EMULATOR_PORT set?"
        ) from None


def _allow_remote(setting: Union[str, list[str], None]) -> Union[bool, list[str]]:
    """Return the names of the option or of the variable, which may also be a yes or a no."""
    if setting is None:
        return False
    if isinstance(setting, list):
        return setting or True
    word = setting.lower()
    return _SWITCHES[word] if word in _SWITCHES else _listed(setting)


def _listed(setting: str) -> list[str]:
    return [part.strip() for part in setting.split(",") if part.strip()]


@contextmanager
def _request_log(*, is_quiet: bool) -> Generator[None, None, None]:
    """Write a line for each request to standard error."""
    logger = logging.getLogger("torii_backend.emulator")
    if is_quiet:
        yield
        return
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)


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


def _welcome(torii: Emulator, *, console: bool = True) -> str:
    console_line = f"  console         {torii.api_url}/_emulator/\n" if console else ""
    return f"""\
A local Torii is running.

  issuer          {torii.issuer}
  API URL         {torii.api_url}
  secret key      {torii.secret_key}
  environment id  {torii.environment_id}
  webhook secret  {torii.webhooks.secret}
  sign-in page    {torii.api_url}/_emulator/sign-in
{console_line}
Issue an access token, by torii token or over HTTP:

  curl -d '{{"claims": {{"plan": "pro"}}}}' '{torii.api_url}/_emulator/tokens'

Search users:

  curl -X POST -H 'Authorization: Bearer {torii.secret_key}' '{torii.api_url}/api/server/v1/users/search'

Press Ctrl-C to stop.
"""
