"""The tables. A record is kept as its JSON; beside it stand the columns that are searched.

Addresses are in lower case, other texts that are searched are casefolded, and moments are
microseconds since the epoch.
"""

from __future__ import annotations

VERSION = 0x70110001  # kept in the file, to tell a database of this emulator from others

SCHEMA = """
CREATE TABLE environments (
    id TEXT PRIMARY KEY,
    position INTEGER NOT NULL UNIQUE,
    secret_key TEXT NOT NULL,
    origins BLOB NOT NULL
);

CREATE TABLE users (
    id TEXT NOT NULL,
    environment_id TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    email TEXT,
    name TEXT,
    record BLOB NOT NULL
);
CREATE UNIQUE INDEX users_by_id ON users (id);
CREATE INDEX users_by_email ON users (environment_id, email);
-- Holds all that is searched, so that a search reads the records of its page alone.
CREATE INDEX users_search ON users (environment_id, id, status, created_at, email, name);

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
CREATE INDEX organizations_search ON organizations (environment_id, id, name);

CREATE TABLE members (
    organization_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX members_by_user ON members (user_id, organization_id);

CREATE TABLE invitations (
    id TEXT PRIMARY KEY,
    environment_id TEXT NOT NULL,
    email TEXT NOT NULL,
    status TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    record BLOB NOT NULL
);
CREATE INDEX invitations_search ON invitations (environment_id, id, email, status, expires_at);

CREATE TABLE impersonations (
    digest BLOB PRIMARY KEY,
    record BLOB NOT NULL
);
"""
