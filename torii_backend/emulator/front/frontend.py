"""Frontend: what all endpoints for front-ends share. It knows who calls, and opens sessions.

The tenant host serves the first environment, so users of the second can't sign in there.
A session is opened, changed and used within one transaction. So a ban, a revocation or a deletion that
was committed before ends it at once, and a full disk leaves nothing half written.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, NamedTuple, Optional

from msgspec import UNSET
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Request, Response

from torii_backend.emulator.body import BodyT, decode_body, read_bytes
from torii_backend.emulator.front.session_cookie import (
    is_native,
    sent_session_tokens,
    set_session_cookies,
)
from torii_backend.emulator.front.shapes import TokenResponse
from torii_backend.emulator.mailbox import Mailbox, Message
from torii_backend.emulator.responses import RequestError, json_response
from torii_backend.emulator.rest.request_context import RequestContext
from torii_backend.emulator.routes import Route
from torii_backend.emulator.sign_in import Device, OpenedSession, SignIn
from torii_backend.emulator.store import session_tokens, sessions, users
from torii_backend.emulator.store.database import Database
from torii_backend.emulator.store.sessions import StoredSession
from torii_backend.emulator.store.timestamps import now
from torii_backend.emulator.store.users import StoredUser
from torii_backend.emulator.tenant import Tenant
from torii_backend.emulator.tokens import IssuedToken
from torii_backend.emulator.webhooks.delivery import Change, Publish


class Current(NamedTuple):
    """A live session and its active user."""

    session: StoredSession
    user: StoredUser


class Caller(NamedTuple):
    """Who sends an access token. A token that a test issued by itself has no session."""

    user: StoredUser
    session: Optional[StoredSession]
    organization_id: Optional[str]


class Frontend:
    """The parts of an emulator that serve front-ends."""

    def __init__(
        self,
        tenant: Tenant,
        database: Database,
        *,
        environment_id: str,
        sign_in: SignIn,
        publish: Publish,
        mailbox: Mailbox,
    ) -> None:
        self.tenant = tenant
        self.sign_in = sign_in
        self.environment_id = environment_id
        self._database = database
        self._publish = publish
        self._mailbox = mailbox

    @contextmanager
    def transaction(self) -> Generator[RequestContext, None, None]:
        """Run a block as one transaction. Its events and messages go out after the commit."""
        changes: list[Change] = []
        messages: list[Message] = []

        def committed() -> None:
            self._publish(changes)
            self._mailbox.add(messages)

        with self._database.transaction(committed) as connection:
            yield RequestContext(
                self.environment_id,
                connection,
                MultiDict(),
                self.tenant.issuer,
                now(),
                changes,
                messages,
            )

    def current(self, context: RequestContext, request: Request) -> Optional[Current]:
        """Return the session that a cookie or the header names, if it is live."""
        for token in sent_session_tokens(request):
            session_id = session_tokens.session_of(context.connection, token)
            current = None if session_id is None else self._live(context, session_id)
            if current is not None:
                return current
        return None

    def caller(self, context: RequestContext, request: Request) -> Caller:
        """Return who sends the request, or raise a 401. The session must be live, if there is one."""
        # Verifying takes modules that most emulators never need.
        from torii_backend.emulator.front.bearer import (
            invalid_access_token,
            sent_access_token,
            verified_auth,
        )

        access_token = sent_access_token(request)
        auth = verified_auth(self.tenant, access_token, context.now)
        session_id = session_tokens.session_of_access_token(context.connection, access_token)
        if session_id is not None:
            current = self._live(context, session_id)
            if current is not None:
                return Caller(current.user, current.session, current.session.active_organization_id)
        else:
            user = users.find(context.connection, auth.user_id)
            if user is not None and self._may_sign_in(user):
                return Caller(user, None, auth.organization_id)
        raise invalid_access_token()

    def open_session(
        self, context: RequestContext, user: StoredUser, device: Device
    ) -> OpenedSession:
        """Start a session. Raise a 403 if the user is banned."""
        if not self._may_sign_in(user):
            raise RequestError(403, "user_banned", "This user is banned.")
        return self.sign_in.open_session(context.connection, user, device)

    def signed_in(self, request: Request, opened: OpenedSession) -> Response:
        """Return the response to a sign-in: an access token, and the session as cookies or text."""
        if is_native(request):
            return token_response(opened.issued, session_token=opened.session_token)
        response = token_response(opened.issued)
        set_session_cookies(response, opened, secure=self.sign_in.secure_cookies)
        return response

    def _live(self, context: RequestContext, session_id: str) -> Optional[Current]:
        session = sessions.find_live(context.connection, session_id, context.now)
        user = None if session is None else users.find(context.connection, session.user_id)
        if session is None or user is None or not self._may_sign_in(user):
            return None
        return Current(session, user)

    def _may_sign_in(self, user: StoredUser) -> bool:
        return user.status == "active" and user.environment_id == self.environment_id


def token_response(issued: IssuedToken, *, session_token: Optional[str] = None) -> Response:
    """Return a response with an access token."""
    return json_response(
        TokenResponse(
            access_token=issued.access_token,
            expires_at=issued.expires_at,
            session_token=UNSET if session_token is None else session_token,
        )
    )


def read_json(request: Request, struct: type[BodyT]) -> BodyT:
    """Read a JSON body. Its type must be named, because a form of any site can send other types."""
    body = read_bytes(request)
    if request.mimetype != "application/json":
        raise RequestError(
            415, "unsupported_media_type", "The Content-Type must be application/json."
        )
    return decode_body(body, struct)


def private(method: str, path: str, endpoint: Callable[..., Response]) -> Route:
    """Return a route whose successful responses no cache keeps."""

    def respond(request: Request, **values: Any) -> Response:
        response = endpoint(request, **values)
        response.headers["Cache-Control"] = "no-store"
        return response

    return Route(method, path, respond)
