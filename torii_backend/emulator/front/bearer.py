"""Who sends a request with an access token: the emulator checks it as a guard of an app would."""

from __future__ import annotations

from datetime import datetime

import msgspec
from werkzeug.wrappers import Request

from torii_backend._guard.bearer import bearer_token
from torii_backend._jose.jwks import parse_jwks
from torii_backend._jose.jws import parse_header, seal
from torii_backend._verify.claims import auth_from_claims
from torii_backend.auth import Auth
from torii_backend.emulator.responses import RequestError
from torii_backend.emulator.tenant import Tenant
from torii_backend.errors import ToriiAuthError


def sent_access_token(request: Request) -> str:
    """Return the access token of a request, which isn't verified, or raise a 401."""
    try:
        return bearer_token(list(request.headers))
    except ToriiAuthError:
        raise invalid_access_token() from None


def verified_auth(tenant: Tenant, access_token: str, at: datetime) -> Auth:
    """Verify an access token with the published keys, or raise a 401."""
    try:
        sealed = seal(access_token)
        key = parse_jwks(msgspec.json.encode(tenant.jwks())).get(parse_header(sealed.header()))
        found = sealed.claims(key) if key is not None and sealed.is_well_formed() else None
        if isinstance(found, tuple) and found[0].get("iss") == tenant.issuer:
            return auth_from_claims(found[0], tenant.issuer, None, 0, at.timestamp())
    except ToriiAuthError:
        pass
    raise invalid_access_token()


def invalid_access_token() -> RequestError:
    """Return the 401 of all calls that need an access token."""
    return RequestError(401, "authentication_failed", "A valid access token is required.")
