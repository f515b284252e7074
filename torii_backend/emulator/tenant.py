"""Tenant: the issuer without HTTP. It holds the signing keys and the current outage.

Three attributes change: `_keys` at a rotation and a reset, `_outage` when one starts or ends, and
`issuer` while a test lets the emulator stand in for another one.
They are replaced and never changed in place, so request threads read them without
the lock: reading an attribute is atomic, and each value is complete in itself.
An outage is ended after the lock is released. Its requests then continue on their own threads.
The first keys are kept for `reset`: verifiers limit how often they fetch unknown keys.
New keys are stored before they are used, under the lock: what can't be stored is never published.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, Optional

from torii_backend.emulator.clock import Clock
from torii_backend.emulator.keys import ALGORITHM, SigningKeys
from torii_backend.emulator.outage import Outage, OutageMode, OutageTarget
from torii_backend.emulator.tokens import DEFAULT_EXPIRES_IN, IssuedToken, mint

JWKS_PATH = "/_torii/.well-known/jwks.json"
REDEEM_PATH = "/_torii/auth/session/impersonate"


class Tenant:
    """An issuer, named by its origin without a trailing slash. Threads may share it.

    `origin` is where it is served, and `issuer` what its tokens say, which is the origin by default.
    `store` keeps new keys for the next start.
    """

    def __init__(
        self,
        origin: str,
        keys: SigningKeys,
        store: Callable[[SigningKeys], None],
        *,
        issuer: Optional[str] = None,
    ) -> None:
        self.clock: Clock = Clock()
        self.origin: str = origin
        self.issuer: str = issuer or origin
        self._first_issuer = self.issuer
        self._lock = Lock()
        self._first_keys = self._keys = keys
        self._store = store
        self._outage: Optional[Outage] = None

    def jwks(self) -> dict[str, Any]:
        """Return the JWKS."""
        return self._keys.jwks()

    def discovery(self) -> dict[str, Any]:
        """Return the discovery document, in both spellings that Torii uses."""
        jwks_url = self.issuer + JWKS_PATH
        return {
            "issuer": self.issuer,
            "jwks_uri": jwks_url,
            "jwksUri": jwks_url,
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "idTokenSigningAlgValuesSupported": [ALGORITHM],
        }

    def current_outage(self, part: Optional[OutageTarget] = None) -> Optional[Outage]:
        """Return the current outage, or that of a part of the emulator, if there is one."""
        outage = self._outage
        if outage is None or outage.is_over() or not (part is None or outage.affects(part)):
            return None
        return outage

    def sign(
        self,
        subject: Mapping[str, Any],
        *,
        claims: Optional[Mapping[str, Any]] = None,
        expires_in: int = DEFAULT_EXPIRES_IN,
    ) -> IssuedToken:
        """Sign an access token with the current key."""
        return mint(
            self._keys.current,
            issuer=self.issuer,
            subject=subject,
            claims=claims,
            expires_in=expires_in,
            now=int(self.clock.now().timestamp()),
        )

    def rotate_keys(self, *, withdraw: bool) -> str:
        """Sign with a new key from now on. Return its key id."""
        if not isinstance(withdraw, bool):
            raise TypeError("withdraw must be true or false.")
        with self._lock:
            keys = self._keys.rotated(withdraw=withdraw)
            self._store(keys)
            self._keys = keys
            return keys.current.kid

    def outage(self, mode: OutageMode, *, seconds: Optional[float], target: OutageTarget) -> Outage:
        """Start an outage, in place of the current one."""
        outage = Outage(mode, seconds, target)
        self._replace_outage(outage)
        return outage

    def end_outage(self) -> None:
        """End the current outage, and release the requests that wait for its end."""
        self._replace_outage(None)

    def reset(self) -> None:
        """Restore the first keys, the issuer and the time, and end the outage."""
        self.clock.reset()
        with self._lock:
            if self._keys is not self._first_keys:
                self._store(self._first_keys)
            self._keys = self._first_keys
            self.issuer = self._first_issuer
        self.end_outage()

    def _replace_outage(self, outage: Optional[Outage]) -> None:
        with self._lock:
            previous, self._outage = self._outage, outage
        if previous is not None:
            previous.end()
