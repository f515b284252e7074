"""The page that stands in for an OAuth provider: it lists the users, and takes the email of a new one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from werkzeug.exceptions import BadRequest
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from torii_backend.client.inputs import CreateUser
from torii_backend.emulator.front import oauth_tickets
from torii_backend.emulator.front.frontend import Frontend, private
from torii_backend.emulator.front.links import redirect_origin
from torii_backend.emulator.front.oauth_page import (
    CONSENT_FIELD,
    EMAIL_FIELD,
    USER_FIELD,
    Content,
    oauth_body,
    oauth_title,
)
from torii_backend.emulator.front.settings import FrontSettings
from torii_backend.emulator.front.shapes import (
    CODE_PARAMETER,
    OAUTH_CALLBACK,
    OAUTH_PAGE,
    STATE_PARAMETER,
)
from torii_backend.emulator.ids import normalize_id
from torii_backend.emulator.pages.fields import Entries
from torii_backend.emulator.pages.page import page
from torii_backend.emulator.pages.redirect_target import form_target
from torii_backend.emulator.people import find_people
from torii_backend.emulator.rest.request_context import RequestContext
from torii_backend.emulator.rest.users import add_user
from torii_backend.emulator.routes import Route
from torii_backend.emulator.store import users
from torii_backend.emulator.store.users import StoredUser
from torii_backend.emulator.validation import is_email

_MOST_PEOPLE = 100
_MOST_FORM_BYTES = 64 * 1024


class OAuthProvider:
    """The endpoints of the page."""

    def __init__(self, frontend: Frontend, settings: FrontSettings) -> None:
        self._frontend = frontend
        self._settings = settings

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            private("GET", OAUTH_PAGE, self._show),
            private("POST", OAUTH_PAGE, self._submit),
        ]

    def _show(self, request: Request, provider: str) -> Response:
        with self._frontend.transaction() as context:
            return self._page(context, provider, request.args.get(STATE_PARAMETER, ""))

    def _submit(self, request: Request, provider: str) -> Response:
        request.max_content_length = _MOST_FORM_BYTES
        form = request.form
        state = form.get(STATE_PARAMETER, "")
        with self._frontend.transaction() as context:
            data = oauth_tickets.find(context, "oauth_state", state)
            if data is None or data["provider"] != provider:
                return oauth_tickets.unusable()
            try:
                user = self._chosen(context, form)
            except BadRequest as error:
                entries = Entries(form, {EMAIL_FIELD: error.description or ""})
                return self._page(context, provider, state, entries, status=400)
            if user.status != "active":
                return oauth_tickets.not_active(user)
            code = oauth_tickets.issue(context, "oauth_code", {"user_id": user.id, "state": state})
        callback = OAUTH_CALLBACK.replace("{provider}", provider)
        return redirect(
            f"{callback}?{urlencode({STATE_PARAMETER: state, CODE_PARAMETER: code})}", 303
        )

    def _page(
        self,
        context: RequestContext,
        provider: str,
        state: str,
        entries: Entries = Entries(),  # noqa: B008 (a tuple)
        *,
        status: int = 200,
    ) -> Response:
        data = oauth_tickets.find(context, "oauth_state", state)
        origin = None if data is None else redirect_origin(context, data["redirect"])
        if data is None or origin is None or data["provider"] != provider:
            return oauth_tickets.unusable()
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
