"""The document of an issuer's keys is fetched and parsed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Callable, Optional

from torii_backend._keys.cache_control import freshness_lifetime
from torii_backend._keys.fetch import Fetch, FetchError, SetUpError

if TYPE_CHECKING:
    from torii_backend._jose.es256 import VerificationKey

JWKS_PATH = "/_torii/.well-known/jwks.json"

# Gives what fetches the keys of an issuer during a test, from what would otherwise. None in production:
# only torii_backend.testing sets it.
fetch_in_test: Optional[Callable[[str, Fetch], Fetch]] = None


def load_keys(
    fetch: Fetch, issuer: str, timeout: float
) -> tuple[dict[str, VerificationKey], float]:
    """Return the keys of an issuer by kid and the seconds they stay fresh, or raise FetchError."""
    if fetch_in_test is not None:
        fetch = fetch_in_test(issuer, fetch)
    body, headers = _checked(fetch(issuer + JWKS_PATH, timeout))
    # Not at the top: cryptography takes longer to import than everything else together.
    from torii_backend._jose.jwks import parse_jwks

    try:
        keys = parse_jwks(body)
    except ValueError as error:
        raise FetchError(str(error)) from None
    if not keys:
        raise FetchError("the key set holds no usable ES256 key")
    return keys, freshness_lifetime(headers)


def _checked(fetched: Any) -> tuple[bytes, Mapping[str, str]]:
    """Check what a `fetch` of the user's returned: a bug there is no outage of the issuer."""
    if isinstance(fetched, (tuple, list)) and len(fetched) == 2:
        body, headers = fetched
        if isinstance(body, (bytes, bytearray)) and callable(getattr(headers, "items", None)):
            return bytes(body), headers
    raise SetUpError(
        "fetch must return (body, headers), such as (response.content, response.headers). "
        f"It returned a {type(fetched).__name__}"
    )
