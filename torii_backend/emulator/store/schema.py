"""The tables. A record is kept as JSON; the columns beside it are the ones that queries filter by.

Ids and email addresses are in lower case, names are casefolded, and timestamps are microseconds
since the epoch.
"""

from __future__ import annotations

VERSION = 0x70110003  # kept in the file, to recognize a database of this emulator

# No index begins with environment_id. There are two environments, so it would not narrow a search
# down, yet SQLite would prefer it to the primary key. Ids sort by creation, as results do.
SCHEMA = """
CREATE TABLE environments (
    id TEXT PRIMARY KEY,
    position INTEGER NOT NULL UNIQUE,
    secret_key TEXT NOT NULL,
    origins BLOB NOT NULL
);

CREATE TABLE signing_keys (
    position INTEGER PRIMARY KEY,
    kid TEXT NOT NULL,
    private_key BLOB NOT NULL
);

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    email TEXT,
    name TEXT
) WITHOUT ROWID;
CREATE INDEX users_by_email ON users (email);

-- Apart from what is searched, so that a search does not read through large metadata.
CREATE TABLE user_records (
    id TEXT PRIMARY KEY,
    record BLOB NOT NULL
);

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked INTEGER NOT NULL DEFAULT 0,
    record BLOB NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE organizations (
    id TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL,
    name TEXT NOT NULL,
    record BLOB NOT NULL
);

CREATE TABLE members (
    organization_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX members_by_user ON members (user_id);

CREATE TABLE invitations (
    id TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL,
    email TEXT NOT NULL,
    status TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    record BLOB NOT NULL
);

CREATE TABLE impersonations (
    digest BLOB PRIMARY KEY,
    record BLOB NOT NULL
);

CREATE TABLE passwords (
    user_id TEXT PRIMARY KEY,
    hash TEXT NOT NULL
);

-- What a browser keeps in its cookie. Sessions that a test starts have none.
CREATE TABLE session_tokens (
    digest BLOB PRIMARY KEY,
    session_id TEXT NOT NULL
);

-- The session that an access token was issued for, because no claim names it.
CREATE TABLE access_tokens (
    digest BLOB PRIMARY KEY,
    session_id TEXT NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX access_tokens_by_expiry ON access_tokens (expires_at);

CREATE TABLE codes (
    name TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL,
    wrong_tries INTEGER NOT NULL DEFAULT 0,
    record BLOB NOT NULL
);

CREATE TABLE tickets (
    digest BLOB PRIMARY KEY,
    expires_at INTEGER NOT NULL,
    record BLOB NOT NULL
);
"""
