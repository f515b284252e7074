"""The admin API for front-ends: the mailbox, and whether users may sign up."""

from __future__ import annotations

from typing import Optional

from werkzeug.wrappers import Request, Response

from torii_backend.emulator.admin_api.control import Body
from torii_backend.emulator.body import read_body
from torii_backend.emulator.front.settings import FrontSettings
from torii_backend.emulator.mailbox import Mailbox
from torii_backend.emulator.responses import json_response
from torii_backend.emulator.routes import Route


class _SignUpRequest(Body):
    enabled: Optional[bool] = None
    legal_consent_required: Optional[bool] = None


class AdminApiFront:
    """The endpoints of the mailbox and of the sign-up."""

    def __init__(self, mailbox: Mailbox, settings: FrontSettings) -> None:
        self._mailbox = mailbox
        self._settings = settings

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("GET", "/_emulator/mailbox", self._messages),
            Route("POST", "/_emulator/sign-up", self._change_sign_up),
        ]

    def _messages(self, request: Request) -> Response:
        read_body(request, Body)
        return json_response({"messages": self._mailbox.messages()})

    def _change_sign_up(self, request: Request) -> Response:
        body = read_body(request, _SignUpRequest)
        self._settings.change(
            enabled=body.enabled, legal_consent_required=body.legal_consent_required
        )
        return json_response({})
