"""The emulator's data: an SQLite database, with one module per kind of record."""
