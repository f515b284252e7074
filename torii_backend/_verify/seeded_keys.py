"""The keys that a Verifier starts with, out of the JWKS document that it was given. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Union

import msgspec

from torii_backend.errors import ConfigurationError

if TYPE_CHECKING:
    from torii_backend._jose.es256 import VerificationKey


def seeded_keys(
    jwks: Union[bytes, str, dict[str, Any], None], issuers: tuple[str, ...], *, refresh: bool
) -> Optional[dict[str, VerificationKey]]:
    """Return the keys of a document, or None without one; raise ConfigurationError if it is wrong."""
    if jwks is None:
        if not refresh:
            raise ConfigurationError("jwks must hold the keys if refresh is False.")
        return None
    if len(issuers) > 1:
        raise ConfigurationError(
            "jwks must be left out with several issuers. Create one Verifier for each issuer."
        )
    # Not at the top: without seeded keys this is imported on the thread that fetches them.
    from torii_backend._jose.jwks import parse_jwks

    try:
        document = msgspec.json.encode(jwks) if isinstance(jwks, dict) else jwks
        keys = parse_jwks(document.encode() if isinstance(document, str) else document)
    except (ValueError, TypeError, AttributeError):
        raise ConfigurationError(
            "jwks must be a JWKS document, such as {'keys': [...]}, as JSON text or decoded."
        ) from None
    if not keys:
        raise ConfigurationError("jwks must contain at least one usable ES256 key.")
    return keys
