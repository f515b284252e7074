"""What a front-end asks first: the settings of the environment, and who is signed in."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from torii_backend.emulator.front.frontend import Frontend, private
from torii_backend.emulator.front.records import front_organizations, front_session, front_user
from torii_backend.emulator.front.settings import FrontSettings
from torii_backend.emulator.front.shapes import (
    CLIENT,
    ENVIRONMENT,
    ClientResponse,
    EnvironmentResponse,
)
from torii_backend.emulator.responses import json_response
from torii_backend.emulator.routes import Route


class Boot:
    """The endpoints of the environment and of the client."""

    def __init__(self, frontend: Frontend, settings: FrontSettings) -> None:
        self._frontend = frontend
        self._settings = settings

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            private("GET", ENVIRONMENT, self._environment),
            private("GET", CLIENT, self._client),
        ]

    def _environment(self, _: Request) -> Response:
        return json_response(
            EnvironmentResponse(
                environment="SANDBOX",
                turnstile_site_key=None,
                legal={"consentRequired": self._settings.legal_consent_required},
                oauth_providers=list(self._settings.oauth_providers),
                signup_enabled=self._settings.sign_up_enabled,
                branding_required=False,
            )
        )

    def _client(self, request: Request) -> Response:
        with self._frontend.transaction() as context:
            current = self._frontend.current(context, request)
            if current is None:
                return json_response(ClientResponse(authenticated=False))
            organizations = front_organizations(context.connection, current.user.id)
        return json_response(
            ClientResponse(
                authenticated=True,
                user=front_user(current.user),
                session=front_session(current.session),
                organizations=organizations,
            )
        )
