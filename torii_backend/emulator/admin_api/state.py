"""The admin API for what the console shows of the emulator: settings, the outage, and why a token is rejected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional
from urllib.parse import urlsplit

from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Request, Response

from torii_backend.emulator.admin_api.control import Body
from torii_backend.emulator.body import read_body
from torii_backend.emulator.environment import Environment
from torii_backend.emulator.responses import json_response
from torii_backend.emulator.routes import Route
from torii_backend.emulator.tenant import Tenant
from torii_backend.emulator.webhooks.webhooks import Webhooks
from torii_backend.errors import SENTENCES, ConfigurationError
from torii_backend.plain_http import is_private_name

if TYPE_CHECKING:
    from torii_backend._verify.explain import Explanation


class _ExplainRequest(Body):
    token: str
    audience: Optional[str] = None


class AdminApiState:
    """The endpoints that read the state of the emulator."""

    def __init__(self, tenant: Tenant, environments: list[Environment], webhooks: Webhooks) -> None:
        self._tenant = tenant
        self._environments = environments
        self._webhooks = webhooks

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("GET", "/_emulator/settings", self._settings),
            Route("GET", "/_emulator/outage", self._outage),
            Route("DELETE", "/_emulator/outage", self._end_outage),
            Route("POST", "/_emulator/explain", self._explain),
        ]

    def _settings(self, _: Request) -> Response:
        first, other = self._environments
        return json_response(
            {
                "issuer": self._tenant.issuer,
                "apiUrl": self._tenant.origin,
                "secretKey": first.secret_key,
                "environmentId": first.environment_id,
                "webhookSecret": self._webhooks.secret,
                "webhookUrls": self._webhooks.urls,
                "otherEnvironment": {
                    "environmentId": other.environment_id,
                    "secretKey": other.secret_key,
                },
            }
        )

    def _outage(self, _: Request) -> Response:
        outage = self._tenant.current_outage()
        if outage is None:
            return json_response({"mode": None, "target": None, "secondsLeft": None})
        return json_response(
            {"mode": outage.mode, "target": outage.target, "secondsLeft": outage.seconds_left()}
        )

    def _end_outage(self, request: Request) -> Response:
        read_body(request, Body)
        self._tenant.end_outage()
        return json_response({})

    def _explain(self, request: Request) -> Response:
        body = read_body(request, _ExplainRequest)
        return json_response(_report(_explanation(body, self._tenant)))


def _explanation(body: _ExplainRequest, tenant: Tenant) -> Explanation:
    import msgspec

    from torii_backend._verify.explain import explain
    from torii_backend._verify.verifier import Verifier

    def fetch(url: str, timeout: float) -> tuple[bytes, dict[str, str]]:
        # As they are: an outage is for guards, and would tell nothing about the token.
        return msgspec.json.encode(tenant.jwks()), {}

    host = urlsplit(tenant.issuer).hostname or ""
    insecure = [host] if is_private_name(host) else []
    try:
        verifier = Verifier(
            tenant.issuer, audience=body.audience, fetch=fetch, insecure_hosts=insecure
        )
    except ConfigurationError as error:  # by its issuer, a guard could never be set up for it
        raise BadRequest(str(error)) from None
    verifier.warm()
    return explain(body.token, verifier)


def _report(explanation: Explanation) -> dict[str, Any]:
    reason = explanation.reason
    return {
        "accepted": explanation.auth is not None,
        "reason": reason,
        "message": None if reason is None else SENTENCES[reason],
        "rules": [rule._asdict() for rule in explanation.rules],
        "claims": explanation.claims,
    }
