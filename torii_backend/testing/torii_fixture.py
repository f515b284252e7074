"""ToriiFixture: the emulator behind the fixture `torii`, and whose keys it answers for.

State: the issuers that it stands in for, the issuers whose key fetches it refused, and whether a test
uses it (`is_in_use`). Tests change the first in their threads, and the threads that fetch keys add to
the second. Adding is atomic in CPython, so there is no lock.

Events: a test that uses the fixture begins (`begin`) and ends (`end`). In between, `fetch_in_test` of
`_keys/load.py` is set, so that no key is fetched from a host that isn't on this machine. `end` makes
all Verifiers that saw keys or refusals of this emulator forget them: the next test may be about
something else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, Optional
from urllib.parse import urlsplit
from uuid import uuid4

from torii_backend._keys import load
from torii_backend._keys.fetch import Fetch, SetUpError, fetch
from torii_backend._keys.fetcher import forget_keys, forget_limits
from torii_backend.auth import not_from_requests
from torii_backend.emulator.emulator import Emulator
from torii_backend.emulator.faults import fetch_keys
from torii_backend.emulator.ids import new_id
from torii_backend.emulator.store import users
from torii_backend.emulator.tokens import DEFAULT_EXPIRES_IN, DEFAULT_USER_ID, IssuedToken
from torii_backend.settings import is_loopback, refuse_live_key, resolve_issuers
from torii_backend.testing.identity import DEFAULT_ORGANIZATION, require_text

if TYPE_CHECKING:
    from torii_backend.client.models import User


@not_from_requests("your_function")
class ToriiFixture(Emulator):
    """The emulator that the fixture `torii` gives to tests: on a free port, with its data in memory.

    Everything that you change lasts until the end of the test.

    Args:
        issuer: the issuer that each test begins with, as for `stand_in_for`. None reads
            TORII_ISSUER. Without both, it is the emulator's own URL.

    Raises:
        ConfigurationError: the issuer is not such a URL, or TORII_SECRET_KEY is a live key.
    """

    def __init__(self, issuer: Optional[str] = None) -> None:
        refuse_live_key("torii_backend.testing")
        super().__init__()
        self.is_in_use: bool = False
        self._configured = resolve_issuers(issuer) if issuer else None
        self._issuers: list[str] = []
        self._refused: set[str] = set()

    def stand_in_for(self, issuer: str) -> None:
        """Let the emulator answer for an issuer, as if it were that tenant host.

        New tokens carry this issuer. Verifiers of this process that trust it get its keys from the
        emulator, without HTTP, whether they were made before or are made later. Outages and
        rotations act on them.

        Args:
            issuer: the URL of a tenant host, such as https://acme.torii.so.

        Raises:
            ConfigurationError: the issuer is not such a URL.
        """
        self._stand_in_for(resolve_issuers([issuer]))

    def issue_token(
        self,
        *,
        user_id: str = DEFAULT_USER_ID,
        role: Optional[str] = None,
        organization: Optional[str] = None,
        claims: Optional[Mapping[str, Any]] = None,
        expires_in: int = DEFAULT_EXPIRES_IN,
    ) -> IssuedToken:
        """Issue an access token that is signed with the current key.

        Args:
            user_id: the claim `sub`, as for `Emulator.issue_token`.
            role: the role in the organization. The default is None.
            organization: the id of the active organization. By default there is none, or `org_test`
                if there is a role.
            claims: merged over the standard claims. The default is None.
            expires_in: the lifetime in seconds, by default 300. A negative number creates an expired
                token.

        Returns:
            The token and its expiry.

        Raises:
            TypeError: an argument has the wrong type.
            ValueError: an argument is out of range, the claims are not plain JSON, or the user is
                banned or deleted.
        """
        if not self.is_in_use:
            # A test that asked for the fixture by `request.getfixturevalue`.
            self.begin()
        if role is not None or organization is not None:
            membership = _membership(role, organization)
            if claims is None or isinstance(claims, Mapping):  # else it is refused below
                claims = {**membership, **(claims or {})}
        return super().issue_token(user_id=user_id, claims=claims, expires_in=expires_in)

    def rotate_keys(self, *, withdraw: bool = False) -> str:
        """Sign with a new key from now on, as `Emulator.rotate_keys`.

        Verifiers of this process fetch it when they see it, however often a test rotates keys.
        """
        kid = super().rotate_keys(withdraw=withdraw)
        for issuer in (self.api_url, *self._issuers):
            forget_limits(issuer)
        return kid

    def token(self, user_id: str = DEFAULT_USER_ID, **options: Any) -> str:
        """Return the text of an access token; the arguments are those of `issue_token`."""
        return self.issue_token(user_id=user_id, **options).access_token

    def headers(self, user_id: str = DEFAULT_USER_ID, **options: Any) -> dict[str, str]:
        """Return the header that signs a request in; the arguments are those of `issue_token`."""
        return {"Authorization": f"Bearer {self.token(user_id, **options)}"}

    def create_user(self) -> User:
        """Create a user with a verified email address of their own, without HTTP."""
        moment = self._started().tenant.clock.now()
        user = users.StoredUser(
            id=new_id(),
            environment_id=self.environment_id,
            status="active",
            created_at=moment,
            updated_at=moment,
            public_metadata={},
            private_metadata={},
            unsafe_metadata={},
            email=f"{uuid4().hex}@example.com",
            email_verified_at=moment,
        )
        with self._started().database.transaction() as connection:
            users.add(connection, user)
        return user

    def begin(self) -> None:
        """Reset everything for a test, and answer for its key fetches until `end`.

        Raises:
            ConfigurationError: TORII_SECRET_KEY is a live key, or TORII_ISSUER isn't an issuer.
            RuntimeError: it was not started.
        """
        refuse_live_key("torii_backend.testing")
        self._started()
        self.is_in_use = True
        load.fetch_in_test = self._fetch_in_test
        try:
            self.reset()
        except BaseException:
            self.end()
            raise

    def stop(self) -> None:
        """Stop serving, as `Emulator.stop`, and leave key fetches alone."""
        if self.is_in_use:
            self.end()
        super().stop()

    def end(self) -> None:
        """Leave key fetches alone, and let the Verifiers that saw this emulator start anew."""
        self.is_in_use = False
        load.fetch_in_test = None
        self.reset()

    def reset(self) -> None:
        """Restore the state at the start of a test.

        As `Emulator.reset`, with the configured issuer. No token is revoked any more in this process.
        """
        super().reset()
        if "torii_backend.revocation.revocations" in sys.modules:
            from torii_backend.revocation.revocations import forget_revocations

            forget_revocations()
        self._issuers = []
        self._refused = set()
        if self.is_in_use:
            self._stand_in_for(self._configured or _of_environment())

    def _stand_in_for(self, issuers: tuple[str, ...]) -> None:
        self._issuers.extend(issuers)
        if issuers:
            self._started().tenant.issuer = issuers[0]
        for issuer in issuers:
            forget_keys(issuer)

    def _forget_keys(self) -> None:
        super()._forget_keys()
        for issuer in (*self._issuers, *self._refused):
            forget_keys(issuer)

    def _fetch_in_test(self, issuer: str, otherwise: Fetch) -> Fetch:
        """Return what fetches the keys of an issuer, in place of what would otherwise."""
        tenant = self._started().tenant
        if issuer == tenant.origin or issuer in self._issuers:
            return partial(fetch_keys, tenant)
        # A function of the test's own, or a server that it started.
        if otherwise is not fetch or is_loopback(urlsplit(issuer).hostname):
            return otherwise
        self._refused.add(issuer)
        return _refuse


def _of_environment() -> tuple[str, ...]:
    return resolve_issuers() if os.environ.get("TORII_ISSUER", "").strip(", ") else ()


def _membership(role: Optional[str], organization: Optional[str]) -> dict[str, str]:
    if organization is None:
        organization = DEFAULT_ORGANIZATION
    claims = {"org_id": require_text(organization, "organization", "org_1")}
    return claims if role is None else {**claims, "org_role": require_text(role, "role", "admin")}


def _refuse(url: str, timeout: float) -> NoReturn:
    raise SetUpError(
        "a test with the fixture torii fetches no keys from other hosts. "
        "Call torii.stand_in_for(issuer), or give the app torii.issuer as its issuer"
    )
