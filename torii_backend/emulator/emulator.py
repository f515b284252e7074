"""Emulator: a local Torii, started and steered from Python."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Optional
from uuid import uuid4

from torii_backend.emulator import control, tenant_host
from torii_backend.emulator.application import Application
from torii_backend.emulator.outage import OutageMode
from torii_backend.emulator.server import Server, listen, origin
from torii_backend.emulator.tenant import Tenant
from torii_backend.emulator.tokens import DEFAULT_EXPIRES_IN, DEFAULT_USER_ID, IssuedToken
from torii_backend.errors import ConfigurationError
from torii_backend.settings import is_loopback


class Emulator:
    """A local Torii with an environment, a secret key and signing keys of its own.

    Each emulator starts once and stops once; as a context manager it does both. All of its methods
    may be called from any thread.

    Args:
        host: the address to serve on, by default the IPv4 loopback.
        port: the port to serve on; 0, the default, takes a free one.
        allow_remote: whether `host` may be an address that other machines can reach.

    Attributes:
        secret_key: the key for the REST API, `sk_test_…`.
        environment_id: the id of the environment, the claim `pid` of its tokens.

    Raises:
        ConfigurationError: the host or the port is not usable, or the host is not a loopback
            address and `allow_remote` is false.
    """

    def __init__(
        self, *, host: str = "127.0.0.1", port: int = 0, allow_remote: bool = False
    ) -> None:
        self._host = _checked_host(host, allow_remote)
        self._port = _checked_port(port)
        self.secret_key: str = f"sk_test_{secrets.token_hex(24)}"
        self.environment_id: str = str(uuid4())
        self._tenant: Optional[Tenant] = None
        self._server: Optional[Server] = None

    @property
    def issuer(self) -> str:
        """The address of the tenant host, without trailing slash; known once started.

        Raises:
            RuntimeError: the emulator was not started.
        """
        return self._started().issuer

    @property
    def api_url(self) -> str:
        """The address of the REST API, without trailing slash; known once started.

        Raises:
            RuntimeError: the emulator was not started.
        """
        return self._started().issuer

    def start(self) -> None:
        """Serve from now on, in background threads.

        Raises:
            ConfigurationError: the address cannot be bound, or TORII_SECRET_KEY holds a live key.
            RuntimeError: the emulator was started before.
        """
        if self._tenant is not None:
            raise RuntimeError("An emulator starts only once: make a new one.")
        _refuse_live_key()
        listener = listen(self._host, self._port)
        self._tenant = Tenant(
            issuer=origin(listener, self._host), environment_id=self.environment_id
        )
        routes = [*tenant_host.rules(self._tenant), *control.rules(self._tenant)]
        self._server = Server(listener, Application(routes))

    def stop(self) -> None:
        """Stop serving and drop the requests that hang; a second call does nothing."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()
            self._started().end_outage()

    def issue_token(
        self,
        *,
        user_id: str = DEFAULT_USER_ID,
        claims: Optional[Mapping[str, Any]] = None,
        expires_in: int = DEFAULT_EXPIRES_IN,
    ) -> IssuedToken:
        """Sign an access token with the current key.

        Args:
            user_id: the claim `sub`; by default one that is always the same.
            claims: laid over the standard claims; may replace any of them, so that expired,
                foreign and broken tokens can be made.
            expires_in: the lifetime in seconds, 300 by default; zero or less makes an expired
                token. At most ten years either way.

        Raises:
            RuntimeError: the emulator was not started.
            TypeError: an argument has the wrong type.
            ValueError: an argument is out of range, or the claims are not plain JSON.
        """
        return self._started().issue_token(user_id=user_id, claims=claims, expires_in=expires_in)

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
        return self._started().rotate_keys(withdraw=withdraw)

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
        self._started().outage(mode, seconds=seconds)

    def reset(self) -> None:
        """Go back to the state at the start: no outage, and the first signing key alone.

        The first key returns, rather than a fresh one, because verifiers limit how often they
        fetch the JWKS for a key they do not know.

        Raises:
            RuntimeError: the emulator was not started.
        """
        self._started().reset()

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

    def _started(self) -> Tenant:
        if self._tenant is None:
            raise RuntimeError("The emulator is not running: call start() or use a with statement.")
        return self._tenant


def _checked_host(host: str, allow_remote: bool) -> str:
    if not isinstance(host, str) or not host:
        raise ConfigurationError("host must be a host name or address.")
    if not allow_remote and not is_loopback(host):
        raise ConfigurationError(
            "host is not a loopback address: the emulator serves other machines only if allowed to "
            "(allow_remote=True, or --allow-remote in the shell)."
        )
    return host


def _checked_port(port: int) -> int:
    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= 65535:
        raise ConfigurationError("port must be a whole number from 0 to 65535.")
    return port


def _refuse_live_key() -> None:
    if os.environ.get("TORII_SECRET_KEY", "").strip().startswith("sk_live_"):
        raise ConfigurationError(
            "TORII_SECRET_KEY holds a live key: the emulator does not run beside production."
        )
