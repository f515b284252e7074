"""The emulator's data: one SQLite database, and one module a kind of record."""
