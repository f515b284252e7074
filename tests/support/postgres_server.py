"""A PostgreSQL of our own on a free loopback port, for tests that need a real one."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Optional

import pytest

from tests.ports import free_port

_WATCHDOG = "60"


class PostgresServer:
    """A server whose databases are in a temporary folder, and who trusts every local user."""

    def __init__(self) -> None:
        # Root must not run it, and another user can't enter the folders of pytest.
        self._user = _user()
        self._folder = Path(tempfile.mkdtemp(prefix="torii-postgres-"))
        self.port = free_port()
        self.sqlalchemy_url = f"postgresql+psycopg://torii@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Create the databases, start the server, and wait until it answers."""
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        # The options of a test's server: it may lose what it stored.
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c fsync=off -k {self._folder}"
        self._run("initdb", "--username=torii", "--auth=trust", "--no-sync", "--encoding=UTF8")
        self._run(
            "pg_ctl", "start", "-w", "-t", _WATCHDOG, "-l", f"{self._folder}/log", "-o", options
        )

    def empty(self) -> None:
        """Drop all tables."""
        import psycopg

        conninfo = f"host=127.0.0.1 port={self.port} user=torii dbname=postgres"
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute("drop schema public cascade")
            connection.execute("create schema public")

    def stop(self) -> None:
        """End the server, and remove its databases."""
        self._run("pg_ctl", "stop", "-w", "-t", _WATCHDOG, "-m", "immediate")
        shutil.rmtree(self._folder)

    def _run(self, program: str, *arguments: str) -> None:
        path = _path(program)
        assert path is not None
        command = [path, "-D", str(self._folder / "data"), *arguments]
        # The server inherits what it prints to, so that is a file and not a pipe.
        with (self._folder / program).open("w+", encoding="utf-8") as printed:
            ended = subprocess.run(
                command,
                cwd=self._folder,
                stdout=printed,
                stderr=subprocess.STDOUT,
                check=False,
                user=self._user,
            )
            printed.seek(0)
            assert ended.returncode == 0, printed.read()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Give a running PostgreSQL; skip the test if there is none, or no client."""
    require_postgres()
    server = PostgresServer()
    server.start()
    yield server
    server.stop()


def require_postgres() -> None:
    """Skip the test if PostgreSQL or its client is missing; fail where `tox -e redis` runs."""
    missing = [] if _path("initdb") else ["PostgreSQL"]
    missing += [] if find_spec("psycopg") else ["the package psycopg"]
    if missing:
        sentence = f"{' and '.join(missing)} must be installed; `tox run -e redis` needs both."
        if "TORII_TESTS_NEED_REDIS" in os.environ:
            pytest.fail(sentence)
        pytest.skip(sentence)


def _user() -> Optional[str]:
    """Return who runs the server; None for the user of the tests."""
    return "nobody" if hasattr(os, "geteuid") and os.geteuid() == 0 else None


def _path(program: str) -> Optional[str]:
    # Debian keeps them out of PATH.
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return shutil.which(program) or next(
        (str(folder / program) for folder in folders if (folder / program).exists()), None
    )
