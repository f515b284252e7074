"""Read an access token from the command line, stdin or a hidden prompt."""

from __future__ import annotations

import re
import sys
from typing import Optional

from torii_backend._jose.jws import MAX_TOKEN_BYTES
from torii_backend.errors import ConfigurationError

# What is copied along with a token: a header, quotes, and a line break.
_AROUND = re.compile(
    r"""\s*["']?(?:authorization\s*:)?\s*(?:bearer\s)?\s*(.*?)["']?\s*""", re.IGNORECASE | re.DOTALL
)
_KEY = re.compile(r"[sp]k_[a-z]+_")


def read_token(argument: Optional[str]) -> str:
    """Return a token without what may be around it, such as `Authorization: Bearer`.

    Args:
        argument: from the command line, if it was given.

    Raises:
        ConfigurationError: it can't be an access token. The message doesn't quote it.
    """
    found = _AROUND.fullmatch(_read() if argument is None else argument)
    token = "" if found is None else found[1]
    if not token:
        raise ConfigurationError("The token must not be empty. Pass it on stdin or to the prompt.")
    if len(token) > MAX_TOKEN_BYTES:
        raise ConfigurationError(f"The token must have {MAX_TOKEN_BYTES} characters at most.")
    if not token.isascii():
        raise ConfigurationError("The token must be ASCII text, such as eyJhbGciOi...")
    if token.split() != [token]:
        raise ConfigurationError("The token must be one line without blanks. Join its lines.")
    if _KEY.match(token):
        raise ConfigurationError("The token must be an access token of a user, not a Torii key.")
    return token


def _read() -> str:
    """Read stdin, or ask the user without showing what is typed."""
    if sys.stdin is None:
        return ""
    if sys.stdin.isatty():
        from getpass import getpass

        try:
            return getpass("Access token (not shown): ")
        except EOFError:
            return ""
    # Somewhat more than is allowed, so that a file which is too long isn't read to its end.
    return sys.stdin.buffer.read(2 * MAX_TOKEN_BYTES).decode("utf-8-sig", "replace")
