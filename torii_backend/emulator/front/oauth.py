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
from datetime import timedelta
from typing import Any, Optional
from urllib.parse import urlencode

from werkzeug.exceptions import BadRequest
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from torii_backend.client.inputs import CreateUser
from torii_backend.emulator.front.frontend import Frontend, private
from torii_backend.emulator.front.links import redirect_origin, with_ticket
from torii_backend.emulator.front.oauth_page import (
    CONSENT_FIELD,
    EMAIL_FIELD,
    STATE_FIELD,
    USER_FIELD,
    Content,
    oauth_body,
    oauth_title,
)
from torii_backend.emulator.front.session_cookie import set_cookie, set_session_cookies
from torii_backend.emulator.front.settings import FrontSettings
from torii_backend.emulator.front.shapes import (
    ESTABLISH,
    FLOW_COOKIE,
    OAUTH_CALLBACK,
    OAUTH_PAGE,
    OAUTH_START,
    REDIRECT_PARAMETER,
    TICKET_PARAMETER,
)
from torii_backend.emulator.ids import normalize_id
from torii_backend.emulator.pages.fields import Entries
from torii_backend.emulator.pages.page import message_page, page
from torii_backend.emulator.pages.redirect_target import form_target
from torii_backend.emulator.people import find_people
from torii_backend.emulator.responses import RequestError
from torii_backend.emulator.rest.request_context import RequestContext
from torii_backend.emulator.rest.users import add_user
from torii_backend.emulator.routes import Route
from torii_backend.emulator.store import tickets, users
from torii_backend.emulator.store.users import StoredUser
from torii_backend.emulator.tenant_host import device_of
from torii_backend.emulator.validation import is_email, web_origin

_LIFETIME = timedelta(minutes=10)
_MOST_PEOPLE = 100
_MOST_FORM_BYTES = 64 * 1024
_FLOW = re.compile(r"[A-Za-z0-9_-]{43}")
_STATE, _CODE, _ESTABLISH = "oauth_state", "oauth_code", "oauth_establish"


class OAuth:
    """The endpoints of the sign-in by OAuth."""

    def __init__(self, frontend: Frontend, settings: FrontSettings) -> None:
        self._frontend = frontend
        self._settings = settings

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            private("GET", OAUTH_START, self._start),
            private("GET", OAUTH_PAGE, self._show),
            private("POST", OAUTH_PAGE, self._submit),
            private("GET", OAUTH_CALLBACK, self._callback),
            private("GET", ESTABLISH, self._establish),
        ]

    def _start(self, request: Request, provider: str) -> Response:
        if provider not in self._settings.oauth_providers:
            raise RequestError(404, "provider_not_found", "There is no such provider.")
        _require_visit(request)
        target = request.args.get(REDIRECT_PARAMETER, "")
        flow = request.cookies.get(FLOW_COOKIE, "")
        if _FLOW.fullmatch(flow) is None:
            flow = secrets.token_urlsafe(32)
        with self._frontend.transaction() as context:
            if redirect_origin(context, target) is None or web_origin(target) is None:
                return _foreign_redirect()
            data = {"provider": provider, "redirect": target, "flow": flow}
            state = _issue(context, _STATE, data)
        page_path = OAUTH_PAGE.replace("{provider}", provider)
        response = redirect(f"{context.issuer}{page_path}?{urlencode({STATE_FIELD: state})}")
        seconds, secure = int(_LIFETIME.total_seconds()), self._frontend.sign_in.secure_cookies
        set_cookie(response, FLOW_COOKIE, flow, seconds, secure=secure)
        return response

    def _show(self, request: Request, provider: str) -> Response:
        with self._frontend.transaction() as context:
            return self._page(context, provider, request.args.get(STATE_FIELD, ""))

    def _submit(self, request: Request, provider: str) -> Response:
        request.max_content_length = _MOST_FORM_BYTES
        form = request.form
        state = form.get(STATE_FIELD, "")
        with self._frontend.transaction() as context:
            if tickets.find(context.connection, _STATE, state, context.now) is None:
                return _over()
            try:
                user = self._chosen(context, form)
            except BadRequest as error:
                entries = Entries(form, {EMAIL_FIELD: error.description or ""})
                return self._page(context, provider, state, entries, status=400)
            if user.status != "active":
                return _not_active(user)
            code = _issue(context, _CODE, {"user_id": user.id})
        callback = OAUTH_CALLBACK.replace("{provider}", provider)
        return redirect(f"{callback}?{urlencode({STATE_FIELD: state, 'code': code})}", 303)

    def _callback(self, request: Request, provider: str) -> Response:
        _require_visit(request)
        with self._frontend.transaction() as context:
            state = _use_up(context, _STATE, request.args.get(STATE_FIELD, ""))
            code = _use_up(context, _CODE, request.args.get("code", ""))
            if state is None or code is None or state["provider"] != provider:
                return _over()
            ticket = _issue(context, _ESTABLISH, {**state, **code})
            began_elsewhere = not _is_from_browser_of(request, state)
            origin = redirect_origin(context, state["redirect"])
        # Where the browser has the cookie of the start, it also gets those of the session.
        base = origin if began_elsewhere and origin is not None else context.issuer
        return redirect(with_ticket(f"{base}{ESTABLISH}", ticket))

    def _establish(self, request: Request) -> Response:
        _require_visit(request)
        secret = request.args.get(TICKET_PARAMETER, "")
        with self._frontend.transaction() as context:
            data = tickets.find(context.connection, _ESTABLISH, secret, context.now)
            if data is None or not _is_from_browser_of(request, data):
                return _over()
            tickets.use_up(context.connection, secret)
            user = users.find(context.connection, data["user_id"])
            if user is None or user.status != "active":
                return _not_active(user)
            opened = self._frontend.open_session(context, user, device_of(request))
        response = redirect(data["redirect"])
        set_session_cookies(response, opened, secure=self._frontend.sign_in.secure_cookies)
        return response

    def _page(
        self,
        context: RequestContext,
        provider: str,
        state: str,
        entries: Entries = Entries(),  # noqa: B008 (a tuple)
        *,
        status: int = 200,
    ) -> Response:
        data = tickets.find(context.connection, _STATE, state, context.now)
        origin = None if data is None else redirect_origin(context, data["redirect"])
        if data is None or origin is None or data["provider"] != provider:
            return _over()
        content = Content(
            provider=provider,
            action=OAUTH_PAGE.replace("{provider}", provider),
            state=state,
            people=find_people(context.connection, context.environment_id, "", limit=_MOST_PEOPLE),
            takes_new=self._settings.sign_up_enabled,
            needs_consent=self._settings.legal_consent_required,
            entries=entries,
        )
        response = page(
            oauth_title(provider),
            oauth_body(content),
            status=status,
            form_targets=(form_target(origin),),
        )
        # With no-referrer, browsers would send `Origin: null` with the form (Fetch, section 3.2).
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    def _chosen(self, context: RequestContext, form: Any) -> StoredUser:
        """Return who was chosen, or a new user. Raise BadRequest for an email that can't be used."""
        if USER_FIELD in form:
            user = users.find(context.connection, normalize_id(form[USER_FIELD]))
            if user is None or user.environment_id != context.environment_id:
                raise BadRequest("This user does not exist any more.")
            return user
        email = form.get(EMAIL_FIELD, "").strip()
        if not is_email(email):
            raise BadRequest("Enter an email address, such as ada@example.com.")
        user = users.find_by_email(context.connection, context.environment_id, email)
        if user is not None:
            return user
        if not self._settings.sign_up_enabled:
            raise BadRequest("This environment takes no sign-ups.")
        if self._settings.legal_consent_required and form.get(CONSENT_FIELD) != "true":
            raise BadRequest("Accept the terms to sign up.")
        return add_user(context, CreateUser(email=email), email_verified_at=context.now)


def _require_visit(request: Request) -> None:
    """Raise a 400 for a link preview or a prefetch, which must not use up a ticket."""
    prefetches = "prefetch" in request.headers.get("Sec-Purpose", "")
    if request.method == "HEAD" or prefetches:
        raise BadRequest("Send GET, and not to prefetch: this page uses up its link.")


def _is_from_browser_of(request: Request, data: dict[str, Any]) -> bool:
    """Return whether the browser is the one that began the sign-in."""
    flow = request.cookies.get(FLOW_COOKIE, "")
    return hmac.compare_digest(flow.encode(), data["flow"].encode())


def _issue(context: RequestContext, purpose: str, data: dict[str, Any]) -> str:
    expires_at = context.now + _LIFETIME
    return tickets.issue(context.connection, purpose, data, at=context.now, expires_at=expires_at)


def _use_up(context: RequestContext, purpose: str, secret: str) -> Optional[dict[str, Any]]:
    data = tickets.find(context.connection, purpose, secret, context.now)
    if data is not None:
        tickets.use_up(context.connection, secret)
    return data


def _over() -> Response:
    return message_page(
        "Not signed in",
        "This link was used before, is too old, or belongs to another browser.",
        "Go back to the app, and start again.",
        status=400,
    )


def _not_active(user: Optional[StoredUser]) -> Response:
    status = "deleted" if user is None else user.status
    return message_page(
        "Not signed in", f"This user is {status}, so Torii does not sign them in.", status=403
    )


def _foreign_redirect() -> Response:
    return message_page(
        "Not a place to go to",
        f"{REDIRECT_PARAMETER} must be a URL on a loopback address or on an allowed origin, such as"
        " http://localhost:3000/.",
        "Add the origin of your app to the allowed origins, by client.allowed_origins.set() or"
        " PUT /api/server/v1/allowed-origins.",
        status=400,
    )
