"""Tenant: the issuer of both environments, apart from HTTP: its keys, its tokens, its outages."""

from __future__ import annotations

import time
from collections.abc import Mapping
from threading import Lock
from typing import Any, Optional

from torii_backend.emulator.keys import ALGORITHM, SigningKeys
from torii_backend.emulator.outage import Outage, OutageMode
from torii_backend.emulator.tokens import DEFAULT_EXPIRES_IN, IssuedToken, mint

JWKS_PATH = "/_torii/.well-known/jwks.json"
REDEEM_PATH = "/_torii/auth/session/impersonate"


class Tenant:
    """An issuer with its signing keys and its outage; safe to share by threads.

    Args:
        issuer: the origin that the tenant host is served from, without trailing slash.
    """

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self._lock = Lock()
        self._first_keys = self._keys = SigningKeys.generate()
        self._outage: Optional[Outage] = None

    def jwks(self) -> dict[str, Any]:
        """Give the published JWKS document."""
        return self._keys.jwks()

    def discovery(self) -> dict[str, Any]:
        """Give the discovery document, in both spellings that Torii is known to use."""
        address = self.issuer + JWKS_PATH
        return {
            "issuer": self.issuer,
            "jwks_uri": address,
            "jwksUri": address,
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "idTokenSigningAlgValuesSupported": [ALGORITHM],
        }

    def current_outage(self) -> Optional[Outage]:
        """Give the outage that is on now, or None."""
        outage = self._outage
        return None if outage is None or outage.is_over() else outage

    def sign(
        self,
        subject: Mapping[str, Any],
        *,
        claims: Optional[Mapping[str, Any]] = None,
        expires_in: int = DEFAULT_EXPIRES_IN,
    ) -> IssuedToken:
        """Sign an access token with the current key; see `mint`."""
        return mint(
            self._keys.current,
            issuer=self.issuer,
            subject=subject,
            claims=claims,
            expires_in=expires_in,
            now=int(time.time()),
        )

    def rotate_keys(self, *, withdraw: bool) -> str:
        """Sign with a fresh key from now on; see `Emulator.rotate_keys`."""
        if not isinstance(withdraw, bool):
            raise TypeError("withdraw must be true or false.")
        with self._lock:
            self._keys = self._keys.rotated(withdraw=withdraw)
            return self._keys.current.kid

    def outage(self, mode: OutageMode, *, seconds: Optional[float]) -> None:
        """Begin an outage in place of the one before; see `Emulator.outage`."""
        self._replace_outage(Outage(mode, seconds))

    def end_outage(self) -> None:
        """End the outage, if one is on, and let go of the requests that it holds."""
        self._replace_outage(None)

    def reset(self) -> None:
        """Go back to the state at the start: the first key set and no outage."""
        with self._lock:
            self._keys = self._first_keys
        self.end_outage()

    def _replace_outage(self, following: Optional[Outage]) -> None:
        with self._lock:
            previous, self._outage = self._outage, following
        if previous is not None:
            previous.end()
