"""The command `token`: print an access token that a running emulator issues."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from torii_backend.cli.claim_option import add_claim_option, claims_of
from torii_backend.errors import ConfigurationError
from torii_backend.settings import resolve_issuers

_DEFAULT_ISSUER = "http://127.0.0.1:4100"
# What runs at the port may be any server, which may hang, drip, or send something without end.
_SECONDS = 10
_MAX_BYTES = 1024 * 1024
_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)


def configure(parser: argparse.ArgumentParser) -> None:
    """Set up the parser."""
    parser.description = (
        "Print an access token of the emulator at TORII_ISSUER, or else at "
        f'{_DEFAULT_ISSUER}, such as for curl -H "$(torii token ada --header)".'
    )
    parser.add_argument(
        "user",
        metavar="USER",
        nargs="?",
        help="user id, known to the emulator or not, or the email address of a known user",
    )
    parser.add_argument("--role", help="role in the active organization (default: none)")
    parser.add_argument(
        "--organization", help="active organization (default: org_test if there is a role)"
    )
    add_claim_option(parser, "claim to add or replace")
    parser.add_argument(
        "--expires-in",
        metavar="SECONDS",
        type=int,
        help="lifetime; negative for an expired token (default: 300)",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--header", action="store_true", help="print it as an Authorization header")
    form.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the token. Return the exit code."""
    token, expires_at = _ask(_emulator(), _request(arguments))
    if arguments.json:
        text = json.dumps({"access_token": token, "expires_at": expires_at})
    else:
        text = f"Authorization: Bearer {token}" if arguments.header else token
    sys.stdout.write(f"{text}\n")
    return 0


def _request(arguments: argparse.Namespace) -> dict[str, Any]:
    claims: dict[str, Any] = {}
    if arguments.role is not None:
        claims.update(org_id="org_test", org_role=arguments.role)
    if arguments.organization is not None:
        claims["org_id"] = arguments.organization
    given = {"userId": arguments.user, "expiresIn": arguments.expires_in}
    return {
        "claims": {**claims, **claims_of(arguments.claim)},
        **{name: value for name, value in given.items() if value is not None},
    }


def _emulator() -> str:
    """Return the host and port of the emulator: the host is on loopback, or a listed insecure one."""
    is_set = os.environ.get("TORII_ISSUER", "").strip()
    for issuer in resolve_issuers(None if is_set else _DEFAULT_ISSUER):
        parts = urlsplit(issuer)
        if parts.scheme == "http":
            return parts.netloc
    raise ConfigurationError(
        f"TORII_ISSUER must be a local emulator, such as {_DEFAULT_ISSUER}: only that issues tokens here."
    )


def _ask(netloc: str, request: dict[str, Any]) -> tuple[str, str]:
    """Return a token and when it expires."""
    # Not requests, which takes 0.1 s to import. No proxy of the environment is asked.
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection(netloc, timeout=_SECONDS)
    try:
        connection.connect()
        _shut_later(connection.sock)
        connection.request(
            "POST",
            "/_emulator/tokens",
            json.dumps(request),
            {"Content-Type": "application/json"},
        )
        response = connection.getresponse()
        document = json.loads(response.read(_MAX_BYTES))
    except ConnectionRefusedError:
        raise ConfigurationError(
            f"No emulator runs at {netloc}. Start one: torii emulator"
        ) from None
    except (OSError, HTTPException, ValueError, RecursionError):
        raise _not_an_emulator(netloc) from None
    finally:
        connection.close()
    return _checked(document, response.status, netloc)


def _shut_later(sock: Any) -> None:
    """Give the exchange a deadline. The timeout of a socket starts anew with each byte."""
    from socket import SHUT_RDWR
    from threading import Timer

    def shut() -> None:
        with suppress(OSError):
            sock.shutdown(SHUT_RDWR)

    timer = Timer(_SECONDS, shut)
    timer.daemon = True
    timer.start()


def _checked(document: Any, status: int, netloc: str) -> tuple[str, str]:
    """Return what an emulator sent. Another server's text may be meant to add a header, or to confuse."""
    try:
        if status == 200:
            token, expires_at = document["accessToken"], document["expiresAt"]
            if _TOKEN.fullmatch(token) and expires_at.isprintable():
                return token, expires_at
        elif document["error"]["message"].isprintable():
            message = f"The emulator rejected this: {document['error']['message']:.300}"
            raise ConfigurationError(message)
    except (KeyError, TypeError, AttributeError):
        pass
    raise _not_an_emulator(netloc)


def _not_an_emulator(netloc: str) -> ConfigurationError:
    return ConfigurationError(
        f"TORII_ISSUER must be a Torii emulator; what runs at {netloc} doesn't respond like one."
    )
