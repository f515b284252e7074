"""Links with tickets, and where they may lead. Nothing leads to a host that isn't the developer's own."""

from __future__ import annotations

from typing import Optional
from urllib.parse import urlencode, urlsplit

from torii_backend.emulator.front.shapes import TICKET_PARAMETER
from torii_backend.emulator.rest.request_context import RequestContext
from torii_backend.emulator.store import environments
from torii_backend.emulator.validation import normalize_origin, web_origin
from torii_backend.settings import is_loopback


def redirect_origin(context: RequestContext, url: str) -> Optional[str]:
    """Return the origin of a URL: a loopback one, the issuer's or an allowed one. Else None."""
    origin = normalize_origin(url)
    if origin is None:
        return None
    if web_origin(url) is not None and is_loopback(urlsplit(origin).hostname):
        return origin
    allowed = [context.issuer, *environments.origins(context.connection, context.environment_id)]
    return origin if origin in {normalize_origin(other) for other in allowed} else None


def with_ticket(url: str, ticket: str) -> str:
    """Return a URL with a ticket in its query."""
    parts = urlsplit(url)
    query = urlencode({TICKET_PARAMETER: ticket})
    return parts._replace(query=f"{parts.query}&{query}" if parts.query else query).geturl()
