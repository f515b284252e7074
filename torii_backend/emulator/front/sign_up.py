"""Sign-up with email and password: a code goes to the mailbox, and the right code makes an account."""

from __future__ import annotations

import secrets
from datetime import datetime
from hashlib import sha256
from typing import Any, Optional

from msgspec import UNSET
from werkzeug.wrappers import Request, Response

from torii_backend.client.inputs import CreateUser
from torii_backend.emulator.front.code_error import code_error
from torii_backend.emulator.front.frontend import Frontend, private, read_json
from torii_backend.emulator.front.settings import FrontSettings
from torii_backend.emulator.front.shapes import (
    INVITED_SIGN_UP,
    SIGN_UP,
    VERIFY_EMAIL,
    InvitedSignUpRequest,
    SignUpRequest,
    SignUpResponse,
    VerifyEmailRequest,
)
from torii_backend.emulator.responses import RequestError, json_response
from torii_backend.emulator.rest.request_context import RequestContext
from torii_backend.emulator.rest.users import add_user
from torii_backend.emulator.routes import Route
from torii_backend.emulator.sign_in import OpenedSession
from torii_backend.emulator.store import codes, invitations, passwords, tickets, users
from torii_backend.emulator.store.users import StoredUser
from torii_backend.emulator.tenant_host import device_of
from torii_backend.emulator.validation import is_email


class SignUp:
    """The endpoints of the sign-up."""

    def __init__(self, frontend: Frontend, settings: FrontSettings) -> None:
        self._frontend = frontend
        self._settings = settings

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            private("POST", SIGN_UP, self._sign_up),
            private("POST", VERIFY_EMAIL, self._verify_email),
            private("POST", INVITED_SIGN_UP, self._invited_sign_up),
        ]

    def _sign_up(self, request: Request) -> Response:
        body = read_json(request, SignUpRequest)
        if not self._settings.sign_up_enabled:
            raise RequestError(403, "signup_disabled", "This environment takes no sign-ups.")
        self._require_consent(body.legal_consent)
        if not is_email(body.email):
            raise _invalid("email must be an email address, such as ada@example.com.")
        account = _account(body.email, body.password, body.first_name, body.last_name)
        token = secrets.token_urlsafe(32)
        with self._frontend.transaction() as context:
            _require_free_email(context, body.email)
            code = codes.issue(context.connection, _name(token), account, context.now)
            context.mail(body.email, "sign_up", code=code)
        return json_response(SignUpResponse(token=token, email=body.email))

    def _verify_email(self, request: Request) -> Response:
        body = read_json(request, VerifyEmailRequest)
        opened: Optional[OpenedSession] = None
        with self._frontend.transaction() as context:
            checked = codes.check(context.connection, _name(body.token), body.code, context.now)
            if checked.state == "right":
                _require_free_email(context, checked.data["email"])
                user = _add(context, checked.data, verified_at=context.now)
                opened = self._frontend.open_session(context, user, device_of(request))
        if opened is None:
            raise code_error(checked.state)
        return self._frontend.signed_in(request, opened)

    def _invited_sign_up(self, request: Request) -> Response:
        body = read_json(request, InvitedSignUpRequest)
        self._require_consent(body.legal_consent)
        # The ticket came by mail, so the address is verified.
        account = _account("", body.password, body.first_name, body.last_name)
        with self._frontend.transaction() as context:
            connection, at = context.connection, context.now
            data = tickets.find(connection, "invitation", body.ticket, at) or {}
            invitation = invitations.find(
                connection, context.environment_id, data.get("id", ""), at
            )
            if invitation is None or invitation.status != "PENDING":
                raise RequestError(400, "invalid_ticket", "The ticket is unknown, used or expired.")
            _require_free_email(context, invitation.email)
            tickets.use_up(connection, body.ticket)
            user = _add(context, {**account, "email": invitation.email}, verified_at=at)
            opened = self._frontend.open_session(context, user, device_of(request))
        return self._frontend.signed_in(request, opened)

    def _require_consent(self, given: bool) -> None:
        if self._settings.legal_consent_required and not given:
            raise RequestError(
                422, "legal_consent_required", "The terms must be accepted: send legalConsent."
            )


def _account(
    email: str, password: str, first_name: Optional[str], last_name: Optional[str]
) -> dict[str, Any]:
    """Return what is kept of a sign-up until it is verified."""
    problem = passwords.password_problem(password)
    if problem is not None:
        raise _invalid(f"password {problem}")
    return {
        "email": email,
        "hash": passwords.hash_password(password),
        "first_name": first_name,
        "last_name": last_name,
    }


def _add(context: RequestContext, account: dict[str, Any], *, verified_at: datetime) -> StoredUser:
    user = add_user(
        context,
        CreateUser(
            email=account["email"],
            first_name=account["first_name"] or UNSET,
            last_name=account["last_name"] or UNSET,
        ),
        email_verified_at=verified_at,
    )
    passwords.put(context.connection, user.id, account["hash"])
    return user


def _require_free_email(context: RequestContext, email: str) -> None:
    if users.email_is_taken(context.connection, context.environment_id, email):
        raise RequestError(409, "email_taken", "The email is already in use.")


def _name(token: str) -> str:
    """Return the name of a sign-up's code. The token is a secret, so its digest is stored."""
    return f"sign_up:{sha256(token.encode()).hexdigest()}"


def _invalid(message: str) -> RequestError:
    return RequestError(400, "invalid_request", message)
