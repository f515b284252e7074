"""Sign-in by OAuth, with a page of the emulator in place of a provider.

The steps: start, on the origin of the app or of the tenant host; the page; the callback, on the tenant
host; and establish, which sets the session's cookies where the sign-in began. Each step but the page uses up the
ticket of the one before. A cookie ties start and establish to one browser, so nobody can be signed in
by a link, and a preview of a link spends nothing.
"""

from __future__ import annotations

import hmac
import re
import secrets
from typing import Any
from urllib.parse import urlencode, urlsplit

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from torii_backend.emulator.front import oauth_tickets
from torii_backend.emulator.front.frontend import Frontend, private
from torii_backend.emulator.front.links import redirect_origin, with_ticket
from torii_backend.emulator.front.session_cookie import set_cookie, set_session_cookies
from torii_backend.emulator.front.settings import FrontSettings
from torii_backend.emulator.front.shapes import (
    CODE_PARAMETER,
    ESTABLISH,
    FLOW_COOKIE,
    OAUTH_CALLBACK,
    OAUTH_PAGE,
    OAUTH_START,
    REDIRECT_PARAMETER,
    STATE_PARAMETER,
    TICKET_PARAMETER,
)
from torii_backend.emulator.pages.page import foreign_redirect_page
from torii_backend.emulator.responses import RequestError
from torii_backend.emulator.routes import Route
from torii_backend.emulator.store import users
from torii_backend.emulator.tenant_host import device_of, require_visit
from torii_backend.emulator.validation import web_origin
from torii_backend.settings import is_loopback

_FLOW = re.compile(r"[A-Za-z0-9_-]{43}")


class OAuth:
    """The endpoints of the sign-in by OAuth."""

    def __init__(self, frontend: Frontend, settings: FrontSettings) -> None:
        self._frontend = frontend
        self._settings = settings

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            private("GET", OAUTH_START, self._start),
            private("GET", OAUTH_CALLBACK, self._callback),
            private("GET", ESTABLISH, self._establish),
        ]

    def _start(self, request: Request, provider: str) -> Response:
        if provider not in self._settings.oauth_providers:
            raise RequestError(404, "provider_not_found", "There is no such provider.")
        require_visit(request)
        target = request.args.get(REDIRECT_PARAMETER, "")
        flow = request.cookies.get(FLOW_COOKIE, "")
        if _FLOW.fullmatch(flow) is None:
            flow = secrets.token_urlsafe(32)
        with self._frontend.transaction() as context:
            if redirect_origin(context, target) is None or web_origin(target) is None:
                return foreign_redirect_page(REDIRECT_PARAMETER)
            data = {"provider": provider, "redirect": target, "flow": flow}
            state = oauth_tickets.issue(context, "oauth_state", data)
        page_path = OAUTH_PAGE.replace("{provider}", provider)
        base = _tenant_host(request, context.issuer)
        response = redirect(f"{base}{page_path}?{urlencode({STATE_PARAMETER: state})}")
        seconds = int(oauth_tickets.LIFETIME.total_seconds())
        secure = self._frontend.sign_in.secure_cookies
        set_cookie(response, FLOW_COOKIE, flow, seconds, secure=secure)
        return response

    def _callback(self, request: Request, provider: str) -> Response:
        require_visit(request)
        with self._frontend.transaction() as context:
            secret = request.args.get(STATE_PARAMETER, "")
            state = oauth_tickets.use_up(context, "oauth_state", secret)
            code = oauth_tickets.use_up(context, "oauth_code", request.args.get(CODE_PARAMETER, ""))
            if state is None or state["provider"] != provider:
                return oauth_tickets.unusable()
            if code is None or code["state"] != secret:
                return oauth_tickets.unusable()
            data = {**state, "user_id": code["user_id"]}
            ticket = oauth_tickets.issue(context, "oauth_establish", data)
            began_elsewhere = not _is_from_browser_of(request, state)
            origin = redirect_origin(context, state["redirect"])
        # Where the browser has the cookie of the start, it also gets those of the session.
        base = origin if began_elsewhere and origin is not None else ""
        return redirect(with_ticket(f"{base}{ESTABLISH}", ticket))

    def _establish(self, request: Request) -> Response:
        require_visit(request)
        secret = request.args.get(TICKET_PARAMETER, "")
        with self._frontend.transaction() as context:
            data = oauth_tickets.find(context, "oauth_establish", secret)
            if data is None or not _is_from_browser_of(request, data):
                return oauth_tickets.unusable()
            oauth_tickets.use_up(context, "oauth_establish", secret)
            user = users.find(context.connection, data["user_id"])
            if user is None or user.status != "active":
                return oauth_tickets.not_active(user)
            opened = self._frontend.open_session(context, user, device_of(request))
        response = redirect(data["redirect"])
        set_session_cookies(response, opened, secure=self._frontend.sign_in.secure_cookies)
        return response


def _tenant_host(request: Request, issuer: str) -> str:
    """Return the issuer, or nothing where the browser should stay on its own name for the emulator.

    It can't resolve the name of an issuer in a compose file, and the cookie of localhost isn't sent
    to 127.0.0.1. From behind a proxy a request has the host of the issuer.
    """
    parts = urlsplit(issuer)
    is_named = request.host == parts.netloc and is_loopback(parts.hostname)
    return issuer if is_named else ""


def _is_from_browser_of(request: Request, data: dict[str, Any]) -> bool:
    """Return whether the browser is the one that began the sign-in."""
    flow = request.cookies.get(FLOW_COOKIE, "")
    return hmac.compare_digest(flow.encode(), data["flow"].encode())
