"""Authenticator: a request becomes an Auth or is refused. Every adapter uses one."""

from __future__ import annotations

import logging
import time
from types import MethodType
from typing import TYPE_CHECKING, Any, Callable, Optional, Union

from torii_backend._guard.bearer import Headers, find_bearer, header_values, schemed
from torii_backend._guard.options import (
    CheckedOptions,
    GuardOptions,
    IssuerOf,
    checked_options,
    shows_options,
)
from torii_backend._guard.policy import Policy
from torii_backend._guard.refusal import (
    RefusalResponse,
    refusal_response,
    require_refusal_response,
    with_auth,
)
from torii_backend._guard.refusal_log import note_refusal
from torii_backend._guard.request import HeadersRequest, IncomingRequest
from torii_backend._guard.resource_metadata import ResourceMetadata
from torii_backend._guard.vary import Vary
from torii_backend._verify.verifier import (
    DEFAULT_LEEWAY,
    OWN_VERIFY,
    OWN_VERIFY_ASYNC,
    Verifier,
)
from torii_backend._verify.verifier_pool import pooled_verifier
from torii_backend.auth import Auth, not_from_requests
from torii_backend.errors import (
    ConfigurationError,
    InvalidToken,
    MissingCredentials,
    ToriiAuthError,
)
from torii_backend.observing.kinds import Admitted
from torii_backend.observing.slots import SLOTS
from torii_backend.settings import (
    Audience,
    InsecureHosts,
    Issuer,
    Unchanging,
    require_header_name,
    require_scheme,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from torii_backend._verify.revocation_list import RevocationList

_logger = logging.getLogger("torii_backend.guard")

# In a test, an Auth or a refusal takes the place of missing credentials. It is made for the Verifier of
# the guard.
StandIn = Callable[[Verifier], Union[Auth, ToriiAuthError]]
# None in production. Only `torii_backend.testing` sets it, to a function that reads a context variable.
stand_in_of_test: Optional[Callable[[], Optional[StandIn]]] = None


@not_from_requests()
class Authenticator(Unchanging):
    """Authenticates requests with one set of options.

    Args:
        options: the keywords of `GuardOptions`.

    Raises:
        ConfigurationError: a setting is missing or wrong.
        TypeError: a keyword is unknown.
    """

    @shows_options(GuardOptions)
    def __init__(self, **options: Unpack[GuardOptions]) -> None:
        # The mark by which audits of routes find what a guard does.
        checked = checked_options(**options)
        self.__torii_guard__: CheckedOptions = checked
        issuer = checked.issuer
        self._issuer_of: Optional[IssuerOf] = issuer if callable(issuer) else None
        self._audience = checked.audience
        self._leeway = checked.leeway
        self._fetch_timeout = checked.fetch_timeout
        self._insecure_hosts = checked.insecure_hosts
        self._verifier = checked.verifier
        if self._verifier is None and not callable(issuer):
            self._verifier = pooled_verifier(
                issuer, self._audience, self._leeway, self._fetch_timeout, self._insecure_hosts
            )
        self._required = checked.required
        self._header = checked.header
        self.scheme: Optional[str] = checked.scheme
        self._exempt = checked.exempt
        # Asked once, and not by `__bool__` for each request.
        self._has_exempt = bool(checked.exempt)
        self._root_path = checked.root_path
        self._has_warned_of_mount = False
        self._preflight = checked.preflight
        self._policy: Optional[Policy] = checked.policy or None
        warn_of_any_organization(checked.policy)
        self._on_error = checked.on_error
        self.resource: Optional[ResourceMetadata] = checked.resource
        self.vary: Vary = Vary(self._header)

    def authenticate(self, request: Union[IncomingRequest, Headers]) -> Optional[Auth]:
        """Identify the user of a request and enforce the policy.

        Args:
            request: the request, or its headers alone: then no path is exempt.

        Returns:
            The Auth. None for an exempt path, a preflight request, and a request without bearer
            credentials if none are required.

        Raises:
            ToriiAuthError: the request is refused.
            ConfigurationError: a function among the options returned something unusable.
        """
        # Headers alone would be shown by error trackers.
        request = _as_request(request)
        auth = self.identify(request)
        self.authorize(auth)
        return auth

    async def authenticate_async(self, request: Union[IncomingRequest, Headers]) -> Optional[Auth]:
        """Async version of `authenticate`."""
        request = _as_request(request)
        auth = await self.identify_async(request)
        # Most guards have nothing to ask, but a subclass may.
        is_own = type(self) is Authenticator
        if not is_own or self._policy is not None or SLOTS.admitted is not None:
            await self.authorize_async(auth)
        return auth

    def identify(self, request: Union[IncomingRequest, Headers]) -> Optional[Auth]:
        """Verify the bearer token of a request, without enforcing the policy.

        Args, Returns and Raises are those of `authenticate`.
        """
        request = _as_request(request)
        token = self._token(request)
        if token is None or type(token) is Auth:
            return token
        verify = (self._verifier or self._verifier_for(request)).verify
        # A subclass, or a mock of a test, may read the token that it is given.
        is_ours = type(verify) is MethodType and verify.__func__ is OWN_VERIFY
        return verify(token if is_ours else token.reveal().decode())

    async def identify_async(self, request: Union[IncomingRequest, Headers]) -> Optional[Auth]:
        """Async version of `identify`."""
        request = _as_request(request)
        token = self._token(request)
        if token is None or type(token) is Auth:
            return token
        verify = (self._verifier or self._verifier_for(request)).verify_async
        is_ours = type(verify) is MethodType and verify.__func__ is OWN_VERIFY_ASYNC
        return await verify(token if is_ours else token.reveal().decode())

    def authorize(self, auth: Optional[Auth]) -> None:
        """Enforce the policy.

        Args:
            auth: what `identify` returned. None passes: there is no user to check.

        Raises:
            PermissionDenied: a condition of the policy fails.
            ConfigurationError: the policy's check is async, or returned something unusable.
        """
        if auth is not None:
            if self._policy is not None:
                self._policy.enforce(auth)
            listener = SLOTS.admitted
            if listener is not None:
                listener(Admitted(auth))

    async def authorize_async(self, auth: Optional[Auth]) -> None:
        """Async version of `authorize`. It awaits an async check."""
        if auth is not None:
            if self._policy is not None:
                await self._policy.enforce_async(auth)
            listener = SLOTS.admitted
            if listener is not None:
                listener(Admitted(auth))

    def prefetch(self) -> None:
        """Start to fetch the keys if there are none yet.

        Does nothing if `issuer` is a function, or if a test needs no keys.
        """
        if self._verifier is not None and _stand_in() is None:
            self._verifier.prefetch()

    def has_credentials(self, request: IncomingRequest) -> bool:
        """Return whether a request has bearer credentials, good or bad. In a test it may seem to."""
        found = find_bearer(request.credentials(self._header, self.scheme))
        return not isinstance(found, MissingCredentials) or _stand_in() is not None

    def seconds_left(self, auth: Auth) -> float:
        """Return for how many more seconds the token of this Auth is accepted, leeway included."""
        if self._verifier is not None:
            return self._verifier.seconds_left(auth)
        expires_at: float = auth.claims["exp"]
        return expires_at + self._leeway - time.time()

    @property
    def revocations(self) -> Optional[RevocationList]:
        """The revocations of the `verifier`, if it was passed one that has any."""
        return None if self._verifier is None else self._verifier.revocations

    def varies(self, auth: Optional[Auth], request: IncomingRequest) -> bool:
        """Return whether the response to a request that passed depends on the header of the token."""
        return auth is not None or not request.needs_no_token

    def response_to(
        self,
        refusal: ToriiAuthError,
        request: Union[IncomingRequest, Headers],
        *,
        adapter: str = "authenticator",
        auth: Optional[Auth] = None,
    ) -> RefusalResponse:
        """Return the response to a refused request, from `on_error` if it returns one. It is logged.

        Args:
            refusal: the error that `authenticate` raised.
            request: the refused request, which is passed on to `on_error`.
            adapter: the name of your framework, for the log.
            auth: the Auth of the request if its view raised the refusal. `on_error` finds it as
                `refusal.auth`.

        Returns:
            What `on_error` returned, else the standard response.

        Raises:
            ConfigurationError: `on_error` returned something other than None or a RefusalResponse
                that can be sent.
        """
        request = _as_request(request)
        custom = None
        if self._on_error is not None:
            known = with_auth(refusal, auth) if isinstance(auth, Auth) else refusal
            custom = self._on_error(known, request)
        if custom is None:
            response = refusal_response(refusal, self.resource)
        else:
            response = require_refusal_response(custom)
        note_refusal(refusal, response.status, adapter, request.method, self._verifier)
        return response

    def _token(self, request: IncomingRequest) -> Any:
        """Return the token, sealed, or None. In a test, maybe an Auth."""
        if self._has_exempt and self._is_exempt(request):
            request.pass_without_token()
            return None
        if self._preflight and request.is_preflight():
            request.pass_without_token()
            return None
        found: Any = find_bearer(request.credentials(self._header, self.scheme))
        if not isinstance(found, ToriiAuthError):
            return found
        if isinstance(found, MissingCredentials):
            stand_in = _stand_in()
            if stand_in is not None:
                found = stand_in(self._verifier_for(request))
            if type(found) is Auth:
                return found
            if isinstance(found, MissingCredentials) and not self._required:
                return None
        raise found

    def _is_exempt(self, request: IncomingRequest) -> bool:
        paths = request.paths()
        if paths is None or not self._exempt.matches(*paths, request):
            return False
        if request.is_mounted_at(self._root_path):
            return True
        if self._exempt.matches(*request.full_paths(), request):
            return True
        if not self._has_warned_of_mount:
            self._has_warned_of_mount = True
            _logger.warning(
                "A path in exempt was guarded, because the request has a mount point (root_path, "
                "SCRIPT_NAME) that this guard does not know. If you mount the application there, "
                "pass root_path= to the guard."
            )
        return False

    def _verifier_for(self, request: IncomingRequest) -> Verifier:
        """Return the Verifier of the issuer, which may depend on the request."""
        if self._verifier is not None:
            return self._verifier
        assert self._issuer_of is not None  # noqa: S101 (one of the two is always there)
        try:
            issuer = self._issuer_of(request)
        except MissingCredentials:
            # The request has a token, so no guard may take it for one that doesn't.
            issuer = None
        if issuer is None:
            raise InvalidToken("wrong_issuer")
        try:
            return pooled_verifier(
                issuer, self._audience, self._leeway, self._fetch_timeout, self._insecure_hosts
            )
        except ConfigurationError:
            del issuer
            raise


def warn_of_any_organization(policy: Policy) -> None:
    """Log a warning if a role counts in any organization, which is rarely meant."""
    if policy.trusts_any_organization():
        _logger.warning(
            "A guard accepts a role of any organization: %r. Add organization=, or "
            "any_organization=True if you mean that.",
            policy,
        )


def _stand_in() -> Optional[StandIn]:
    return None if stand_in_of_test is None else stand_in_of_test()


def _as_request(request: Union[IncomingRequest, Headers]) -> IncomingRequest:
    return request if isinstance(request, IncomingRequest) else HeadersRequest(request)


@not_from_requests()
def authenticate_request(
    headers: Optional[Headers],
    *,
    issuer: Issuer = None,
    audience: Audience = None,
    leeway: float = DEFAULT_LEEWAY,
    header: str = "authorization",
    scheme: Optional[str] = "bearer",
    insecure_hosts: InsecureHosts = None,
) -> Auth:
    """Verify the bearer token of a request, from its headers.

    Args:
        headers: a mapping or an iterable of pairs; names in any case, as str or bytes, also a WSGI
            environ or Django's META; values as str, bytes or a list of these. None is no headers.
        issuer: one tenant host URL or several; None reads TORII_ISSUER.
        audience: accepted `aud` value or values; None skips the audience check.
        leeway: seconds by which clocks may differ, 30 by default.
        header: the header that carries `Bearer <token>`.
        scheme: None if it carries the token alone.
        insecure_hosts: names of hosts such as torii, which can't be public, that an issuer may have with
            plain http; None reads TORII_INSECURE_HOSTS.

    Returns:
        The Auth that the token carries.

    Raises:
        MissingCredentials: the request has no bearer token.
        InvalidRequest: it has several, or a malformed one.
        InvalidToken: the token is rejected. `reason` says which check failed.
        KeysUnavailable: the issuer's keys can't be fetched.
        ConfigurationError: a setting is missing or wrong.
        TypeError: `headers` is neither a mapping nor pairs.
    """
    found: Any = find_bearer(
        schemed(header_values(headers, require_header_name(header)), require_scheme(scheme))
    )
    # Error trackers would show them.
    del headers
    try:
        verifier = pooled_verifier(issuer, audience, leeway, insecure_hosts=insecure_hosts)
    except ConfigurationError:
        # A refused issuer may have a password.
        del issuer
        raise
    stand_in = _stand_in()
    if stand_in is not None and isinstance(found, MissingCredentials):
        found = stand_in(verifier)
    if isinstance(found, ToriiAuthError):
        raise found
    if isinstance(found, Auth):
        return found
    verify = verifier.verify
    is_ours = type(verify) is MethodType and verify.__func__ is OWN_VERIFY
    return verify(found if is_ours else found.reveal().decode())


@not_from_requests()
async def authenticate_request_async(
    headers: Optional[Headers],
    *,
    issuer: Issuer = None,
    audience: Audience = None,
    leeway: float = DEFAULT_LEEWAY,
    header: str = "authorization",
    scheme: Optional[str] = "bearer",
    insecure_hosts: InsecureHosts = None,
) -> Auth:
    """Async version of `authenticate_request`."""
    found: Any = find_bearer(
        schemed(header_values(headers, require_header_name(header)), require_scheme(scheme))
    )
    del headers
    try:
        verifier = pooled_verifier(issuer, audience, leeway, insecure_hosts=insecure_hosts)
    except ConfigurationError:
        # A refused issuer may have a password.
        del issuer
        raise
    stand_in = _stand_in()
    if stand_in is not None and isinstance(found, MissingCredentials):
        found = stand_in(verifier)
    if isinstance(found, ToriiAuthError):
        raise found
    if isinstance(found, Auth):
        return found
    verify = verifier.verify_async
    is_ours = type(verify) is MethodType and verify.__func__ is OWN_VERIFY_ASYNC
    return await verify(found if is_ours else found.reveal().decode())
