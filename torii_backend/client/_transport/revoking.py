"""What a client does after a call that takes a user's access away: their access tokens are revoked."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any, Optional

from torii_backend.client._transport.request import ApiRequest
from torii_backend.client._transport.response import http_date
from torii_backend.client.types import TokenRevoker

logger: logging.Logger = logging.getLogger("torii_backend.client")

# Verifiers need clocks that differ by less.
_MOST_SECONDS_APART = 60.0
# A Date has no fractions, so the response may be as late as this.
_REST_OF_THE_SECOND = 0.999_999


def revoke_tokens(
    revocations: TokenRevoker, request: ApiRequest[Any], headers: Mapping[str, str]
) -> None:
    """Revoke the access tokens that the user of a successful call has. This never raises."""
    assert request.revokes is not None  # noqa: S101 (the caller has looked)
    try:
        revocations.revoke(request.revokes, at=_issuer_time(headers))
    except Exception as error:  # noqa: BLE001 (the call itself has succeeded)
        logger.error(  # noqa: TRY400 (a traceback may show the user's id)
            "%s %s succeeded, but the user's access tokens could not be revoked: %s",
            request.method,
            request.template,
            type(error).__name__,
        )


def _issuer_time(headers: Mapping[str, str]) -> Optional[float]:
    """Return the time of a response by Torii's clock, which `iat` is of, too; None if it is unknown."""
    date = http_date(headers.get("Date", ""))
    if date is None or abs(date - time.time()) > _MOST_SECONDS_APART:
        return None
    return date + _REST_OF_THE_SECOND
