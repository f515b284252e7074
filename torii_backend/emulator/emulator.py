"""Emulator: a local Torii, started and steered from Python."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NamedTuple, Optional, Union

from torii_backend.emulator.admin_api import AdminApi
from torii_backend.emulator.admin_api_data import AdminApiData
from torii_backend.emulator.application import Application
from torii_backend.emulator.bootstrap import load_environments, open_database
from torii_backend.emulator.environment import Environment
from torii_backend.emulator.outage import OutageMode
from torii_backend.emulator.rest import api
from torii_backend.emulator.server import Server, listen, origin
from torii_backend.emulator.sign_in import SignIn
from torii_backend.emulator.store.database import IN_MEMORY, Database
from torii_backend.emulator.tenant import Tenant
from torii_backend.emulator.tenant_host import TenantHost
from torii_backend.emulator.tokens import DEFAULT_EXPIRES_IN, DEFAULT_USER_ID, IssuedToken
from torii_backend.errors import ConfigurationError
from torii_backend.settings import is_loopback

FilePath = Union[str, "os.PathLike[str]"]


class _Parts(NamedTuple):
    """What an emulator is made of, once it was started."""

    tenant: Tenant
    sign_in: SignIn
    database: Database
    server: Server
    pid: int


class Emulator:
    """A local Torii with two environments, their secret keys, and signing keys of its own.

    Each emulator starts once and stops once; as a context manager it does both. All of its methods
    may be called from any thread.

    Args:
        host: the address to serve on, by default the IPv4 loopback.
        port: the port to serve on; 0, the default, takes a free one.
        allow_remote: whether `host` may be an address that other machines can reach.
        db: the path of an SQLite file, made where there is none, that keeps the environments and
            their data for the next time; by default they are kept in memory. Signing keys are
            fresh each time.
        seed: the path of a JSON file of users, organizations and members, with which the first
            environment of an empty database is filled; by default there are none.

    Attributes:
        secret_key: the key for the REST API, `sk_test_…`.
        environment_id: the id of the environment, the claim `pid` of its tokens.
        other_environment: the id and the secret key of a second environment, whose users the
            first key does not reach.

    Raises:
        ConfigurationError: the host, the port, the database or the path of the seed is not usable,
            or the host is not a loopback address and `allow_remote` is false.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        allow_remote: bool = False,
        db: FilePath = IN_MEMORY,
        seed: Optional[FilePath] = None,
    ) -> None:
        self._host = _require_host(host, allow_remote)
        self._port = _require_port(port)
        self._db = _require_path("db", db)
        self._seed = None if seed is None else _require_path("seed", seed)
        self._environments = load_environments(self._db)
        first, other = self._environments
        self.other_environment: Environment = other
        self.secret_key: str = first.secret_key
        self.environment_id: str = first.environment_id
        self._parts: Optional[_Parts] = None

    @property
    def issuer(self) -> str:
        """The address of the tenant host, without trailing slash; known once started.

        Raises:
            RuntimeError: the emulator was not started.
        """
        return self._started().tenant.issuer

    @property
    def api_url(self) -> str:
        """The address of the REST API, without trailing slash; known once started.

        Raises:
            RuntimeError: the emulator was not started.
        """
        return self._started().tenant.issuer

    def start(self) -> None:
        """Serve from now on, in background threads.

        Raises:
            ConfigurationError: the address cannot be bound, the database or the seed cannot be
                used, or TORII_SECRET_KEY holds a live key.
            RuntimeError: the emulator was started before.
        """
        if self._parts is not None:
            raise RuntimeError("An emulator starts only once: make a new one.")
        _refuse_live_key()
        database = open_database(self._db, self._environments, self._seed)
        try:
            listener = listen(self._host, self._port)
        except BaseException:
            database.close()
            raise
        tenant = Tenant(origin(listener, self._host))
        sign_in = SignIn(tenant, database, self.environment_id)
        routes = [
            *TenantHost(tenant, sign_in).routes(),
            *AdminApi(tenant, sign_in, self.reset).routes(),
            *AdminApiData(database, self._environments).routes(),
            *api.routes(database, self._environments, tenant.issuer),
        ]
        server = Server(listener, Application(routes))
        self._parts = _Parts(tenant, sign_in, database, server, os.getpid())

    def stop(self) -> None:
        """Stop serving and drop the requests that hang; a second call does nothing.

        Nor does one in a forked process: it is the parent's threads that serve. From now on nothing is known of users: `issue_token` takes every id for one of a stranger.
        """
        if self._parts is not None and self._parts.pid == os.getpid():
            self._parts.server.stop()
            self._parts.tenant.end_outage()
            self._parts.database.close()

    def issue_token(
        self,
        *,
        user_id: str = DEFAULT_USER_ID,
        claims: Optional[Mapping[str, Any]] = None,
        expires_in: int = DEFAULT_EXPIRES_IN,
    ) -> IssuedToken:
        """Sign an access token with the current key.

        Args:
            user_id: the claim `sub`; by default one that is always the same. The standard claims
                about a user of either environment are those of their record; any other text will
                do as well.
            claims: laid over the standard claims; may replace any of them, so that expired,
                foreign and broken tokens can be made.
            expires_in: the lifetime in seconds, 300 by default; zero or less makes an expired
                token. At most ten years either way.

        Raises:
            RuntimeError: the emulator was not started.
            TypeError: an argument has the wrong type.
            ValueError: an argument is out of range, the claims are not plain JSON, or the user is
                banned or deleted.
        """
        sign_in = self._started().sign_in
        return sign_in.issue_token(user_id, claims=claims, expires_in=expires_in)

    def rotate_keys(self, *, withdraw: bool = False) -> str:
        """Sign with a fresh key from now on.

        Args:
            withdraw: whether the older keys leave the JWKS; by default they stay published.

        Returns:
            The key id of the fresh key.

        Raises:
            RuntimeError: the emulator was not started.
            TypeError: withdraw is not a boolean.
        """
        return self._started().tenant.rotate_keys(withdraw=withdraw)

    def outage(self, mode: OutageMode, *, seconds: Optional[float] = None) -> None:
        """Make the tenant host misbehave from now on, in place of an outage that is on.

        Args:
            mode: `refuse` closes connections without an answer; `hang` keeps them open without an
                answer until the outage is over, and then closes them; `error` answers 503; `html`
                answers 200 with a web page; `slow` gives the right answer two seconds late.
            seconds: how long it lasts, at most a day; by default until `reset`.

        Raises:
            RuntimeError: the emulator was not started.
            TypeError: seconds is not a number.
            ValueError: the mode is unknown, or seconds is out of range.
        """
        self._started().tenant.outage(mode, seconds=seconds)

    def reset(self) -> None:
        """Go back to the state at the start: no outage, and the first signing key alone.

        The first key returns, rather than a fresh one, because verifiers limit how often they
        fetch the JWKS for a key they do not know. Data in memory go back to the seed, or to
        nothing; data in a file stay.

        Raises:
            RuntimeError: the emulator was not started.
        """
        parts = self._started()
        parts.tenant.reset()
        parts.database.restore_snapshot()

    def __enter__(self) -> Emulator:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.stop()

    def _started(self) -> _Parts:
        if self._parts is None:
            raise RuntimeError("The emulator is not running: call start() or use a with statement.")
        return self._parts


def _require_host(host: str, allow_remote: bool) -> str:
    if not isinstance(host, str) or not host:
        raise ConfigurationError("host must be a host name or address.")
    if not allow_remote and not is_loopback(host):
        raise ConfigurationError(
            "host is not a loopback address: the emulator serves other machines only if allowed to "
            "(allow_remote=True, or --allow-remote in the shell)."
        )
    return host


def _require_port(port: int) -> int:
    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= 65535:
        raise ConfigurationError("port must be a whole number from 0 to 65535.")
    return port


def _require_path(name: str, path: FilePath) -> str:
    if not isinstance(path, (str, os.PathLike)) or not os.fspath(path) or "\0" in os.fspath(path):
        raise ConfigurationError(f"{name} must be the path of a file.")
    return os.fspath(path)


def _refuse_live_key() -> None:
    if os.environ.get("TORII_SECRET_KEY", "").strip().startswith("sk_live_"):
        raise ConfigurationError(
            "TORII_SECRET_KEY holds a live key: the emulator does not run beside production."
        )
