"""The signing keys, which are published in this order."""

from __future__ import annotations

from sqlite3 import Connection

from torii_backend.emulator.keys import SigningKey, SigningKeys


def find(connection: Connection) -> SigningKeys:
    """Return the keys, which may be none, or raise ValueError if one is damaged."""
    rows = connection.execute("SELECT kid, private_key FROM signing_keys ORDER BY position")
    return SigningKeys(tuple(SigningKey.load(*row) for row in rows))


def replace(connection: Connection, keys: SigningKeys) -> None:
    """Store these keys, and no others."""
    connection.execute("DELETE FROM signing_keys")
    connection.executemany(
        "INSERT INTO signing_keys (position, kid, private_key) VALUES (?, ?, ?)",
        [(position, key.kid, key.stored()) for position, key in enumerate(keys.published)],
    )
