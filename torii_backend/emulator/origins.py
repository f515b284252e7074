"""Web pages: which origins may control the emulator, and read its responses (CORS).

Allowed are pages of loopback addresses, the emulator's own, and the allowed origins of the first
environment. No other page may send requests to the admin API, or change anything on the tenant host.
A browser doesn't send `Origin` with every GET. It then says in `Sec-Fetch-Site` whether another site
asks (W3C Fetch Metadata).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Optional
from urllib.parse import urlsplit

from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Request, Response

from torii_backend.emulator.validation import is_origin, normalize_origin
from torii_backend.settings import HTTP_TOKEN, is_loopback

_ADMIN_API = "/_emulator/"
_TENANT_HOST = ("/_torii/", "/.well-known/openid-configuration")
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}  # RFC 9110 section 9.2.1
_PREFLIGHT_SECONDS = 600
_MAX_HEADERS = 50
_FORBIDDEN = (
    "Cross-origin requests to the emulator are not allowed. If the page is yours, add its origin to the "
    "allowed origins, by PUT /api/server/v1/allowed-origins."
)


class Origins:
    """The origins that an emulator allows. `extra` returns the list of the first environment."""

    def __init__(
        self, extra: Callable[[], Iterable[str]] = tuple, *, issuer: Optional[str] = None
    ) -> None:
        self._extra = extra
        self._issuer = issuer

    def require(self, request: Request) -> None:
        """Raise Forbidden for a request that another site's page must not send."""
        controls = request.path.startswith(_ADMIN_API)
        changes = request.path.startswith(_TENANT_HOST) and request.method not in _SAFE_METHODS
        if not controls and not changes:
            return
        origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
        if origin is None:
            allowed = not _is_cross_site(request) or _is_visit(request)
        else:
            # A form of our own page sends null, because the page has Referrer-Policy: no-referrer.
            allowed = self._allows(request) or (origin == "null" and site == "same-origin")
        if not allowed:
            raise Forbidden(_FORBIDDEN)

    def require_page(self, request: Request, response: Response) -> None:
        """Raise Forbidden if a link of another site leads to data, and not to a page."""
        is_page = response.mimetype == "text/html" or 300 <= response.status_code < 400
        if request.path.startswith(_ADMIN_API) and _is_cross_site(request) and not is_page:
            raise Forbidden(_FORBIDDEN)

    def is_preflight(self, request: Request) -> bool:
        """Return whether a browser asks what a page may send (Fetch, CORS-preflight request)."""
        sent = request.headers
        asks = "Origin" in sent and "Access-Control-Request-Method" in sent
        return asks and request.method == "OPTIONS" and _is_for_pages(request)

    def preflight(self, request: Request, methods: Iterable[str]) -> Response:
        """Return the response to a preflight request, or raise Forbidden."""
        if not self._allows(request):
            raise Forbidden(_FORBIDDEN)
        response = Response(status=204)
        response.headers["Access-Control-Allow-Methods"] = ", ".join(sorted(methods))
        response.headers["Access-Control-Max-Age"] = str(_PREFLIGHT_SECONDS)
        names = _header_names(request.headers.get("Access-Control-Request-Headers", ""))
        if names:
            response.headers["Access-Control-Allow-Headers"] = ", ".join(names)
        return response

    def share(self, request: Request, response: Response) -> None:
        """Let the page that sent a request read the response, if its origin is allowed."""
        if not _is_for_pages(request):
            return
        response.vary.add("Origin")
        if "Origin" in request.headers and self._allows(request):
            response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
            response.headers["Access-Control-Allow-Credentials"] = "true"
            response.headers["Access-Control-Expose-Headers"] = "Retry-After"

    def _allows(self, request: Request) -> bool:
        sent = request.headers["Origin"]
        origin = normalize_origin(sent) if is_origin(sent) else None
        if origin is None:
            return False
        if is_loopback(urlsplit(origin).hostname):
            return True
        # The Host header was checked before.
        own = {self._issuer, normalize_origin(f"http://{request.headers.get('Host', '')}")}
        return origin in own or origin in map(normalize_origin, self._extra())


def _is_for_pages(request: Request) -> bool:
    return request.path.startswith((_ADMIN_API, *_TENANT_HOST))


def _is_cross_site(request: Request) -> bool:
    """Return whether another site asks, and doesn't say which one."""
    sent = request.headers
    return "Origin" not in sent and sent.get("Sec-Fetch-Site") == "cross-site"


def _is_visit(request: Request) -> bool:
    """Return whether a browser opens a page, which the site that has the link can't read."""
    sent = request.headers
    opens = sent.get("Sec-Fetch-Mode") == "navigate" and sent.get("Sec-Fetch-Dest") == "document"
    return opens and request.method == "GET"


def _header_names(text: str) -> list[str]:
    names = re.split(r"[ \t]*,[ \t]*", text.strip(" \t"))[:_MAX_HEADERS]
    return [name for name in names if HTTP_TOKEN.match(name) and name != "*"]
