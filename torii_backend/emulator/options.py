"""Options: the checked arguments of an emulator."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Optional, Union

from torii_backend.emulator.bootstrap import load_environments, require_path
from torii_backend.emulator.environment import Environment
from torii_backend.emulator.front.routes import require_refresh_path
from torii_backend.emulator.host_header import AllowRemote, require_remote
from torii_backend.emulator.server import require_host, require_issuer, require_port

FilePath = Union[str, "os.PathLike[str]"]


@dataclass(frozen=True)
class Options:
    """What an emulator was created with. `remote` are the names that it serves, or whether all private ones."""

    host: str
    port: int
    remote: Union[bool, frozenset[str]]
    issuer: Optional[str]
    db: str
    seed: Optional[str]
    environments: list[Environment]
    refresh_path: str
    console: bool

    @classmethod
    def checked(
        cls,
        *,
        host: str,
        port: int,
        allow_remote: AllowRemote,
        issuer: Optional[str],
        db: FilePath,
        seed: Optional[FilePath],
        secret_key: Optional[str],
        environment_id: Optional[str],
        refresh_path: str,
        console: bool,
    ) -> Options:
        """Return the options, or raise ConfigurationError. A new database file is created."""
        remote = require_remote(allow_remote)
        checked_host, checked_port = require_host(host, bool(remote)), require_port(port)
        path = require_path("db", db, "db")
        return cls(
            host=checked_host,
            port=checked_port,
            remote=remote,
            issuer=None if issuer is None else require_issuer(issuer),
            db=path,
            seed=None if seed is None else require_path("seed", seed, "json"),
            refresh_path=require_refresh_path(refresh_path),
            environments=load_environments(
                path, environment_id=environment_id, secret_key=secret_key
            ),
            console=bool(console),
        )
