"""The passwords of users, as hashes.

The hash is a cheap one, which takes about a millisecond: this is a local emulator, whose tests sign in often.
"""

from __future__ import annotations

import re
from sqlite3 import Connection
from typing import Optional

from werkzeug.security import check_password_hash, generate_password_hash

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 1024
# werkzeug's default takes 1,000,000 rounds, and 50 ms or more.
_METHOD = "pbkdf2:sha256:4000"
_HASH = re.compile(r"pbkdf2:sha256:[0-9]{1,7}\$[A-Za-z0-9]+\$[0-9a-f]{64}")
# Of a password that nobody knows. It is compared with where there is none, so that the time tells nothing.
_NOBODYS_HASH = (
    f"{_METHOD}$dC3TRuxhj9ciG97n$19fa7c03273ae100e711ed3dcf3a1b18736aad72ac422d21ae0cf1cc51af8bb4"
)


def password_problem(password: str) -> Optional[str]:
    """Return what is wrong with a new password, or None."""
    if len(password) < SHORTEST_PASSWORD:
        return f"must have at least {SHORTEST_PASSWORD} characters."
    return _unusable(password)


def hash_password(password: str) -> str:
    """Return the hash of a password, which takes about a millisecond."""
    return generate_password_hash(password, _METHOD)


def is_password(hashed: Optional[str], password: str) -> bool:
    """Return whether a password has this hash. It takes as long if there is no hash."""
    if _unusable(password) is not None:
        return False
    matches = check_password_hash(_NOBODYS_HASH if hashed is None else hashed, password)
    return matches and hashed is not None


def is_hash(stored: object) -> bool:
    """Return whether a stored value is one that `is_password` can read."""
    return isinstance(stored, str) and _HASH.fullmatch(stored) is not None


def put(connection: Connection, user_id: str, hashed: str) -> None:
    """Set or replace the password of a user."""
    connection.execute(
        "INSERT OR REPLACE INTO passwords (user_id, hash) VALUES (?, ?)", (user_id, hashed)
    )


def find(connection: Connection, user_id: str) -> Optional[str]:
    """Return the hash of a user's password. None if the user has none."""
    row = connection.execute("SELECT hash FROM passwords WHERE user_id = ?", (user_id,)).fetchone()
    return None if row is None else row[0]


def _unusable(password: str) -> Optional[str]:
    # Count before encoding: a hash would take long for a text of a megabyte.
    if len(password) > LONGEST_PASSWORD or len(password.encode()) > LONGEST_PASSWORD:
        return f"must have at most {LONGEST_PASSWORD} bytes in UTF-8."
    # HMAC pads its key with zeros, so a password has the same hash with a zero at its end.
    if "\0" in password:
        return "must not contain the character NUL."
    return None
