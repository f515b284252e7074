"""The admin API for webhooks: URLs, deliveries, and events that a test makes up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional

from werkzeug.wrappers import Request, Response

from torii_backend.emulator.admin_api.control import Body, value_errors_as_400
from torii_backend.emulator.body import read_body
from torii_backend.emulator.responses import json_response
from torii_backend.emulator.routes import Route
from torii_backend.emulator.webhooks.delivery import Delivery, Fault
from torii_backend.emulator.webhooks.webhooks import Webhooks


class _WebhookRequest(Body):
    url: str


class _RotateRequest(Body):
    withdraw: bool = False


class _FaultRequest(Body):
    fault: Fault


class _EventRequest(Body):
    type: str
    to: str
    data: Any = None
    fault: Optional[Fault] = None


class AdminApiWebhooks:
    """The endpoints for webhooks."""

    def __init__(self, webhooks: Webhooks, send_event: Callable[..., Delivery]) -> None:
        self._webhooks = webhooks
        self._send_event = send_event

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("POST", "/_emulator/webhooks", self._register),
            Route("POST", "/_emulator/webhooks/rotate", self._rotate),
            Route("POST", "/_emulator/webhooks/fault", self._stage_fault),
            Route("POST", "/_emulator/events", self._send),
            Route("GET", "/_emulator/deliveries", self._deliveries),
        ]

    def _register(self, request: Request) -> Response:
        body = read_body(request, _WebhookRequest)
        with value_errors_as_400():
            self._webhooks.register(body.url)
        return json_response({"secret": self._webhooks.secret, "urls": self._webhooks.urls})

    def _rotate(self, request: Request) -> Response:
        body = read_body(request, _RotateRequest)
        return json_response({"secret": self._webhooks.rotate_secret(withdraw=body.withdraw)})

    def _stage_fault(self, request: Request) -> Response:
        body = read_body(request, _FaultRequest)
        with value_errors_as_400():
            self._webhooks.stage_fault(body.fault)
        return json_response({})

    def _send(self, request: Request) -> Response:
        body = read_body(request, _EventRequest)
        with value_errors_as_400():
            delivery = self._send_event(body.type, body.data, to=body.to, fault=body.fault)
        return json_response(delivery)

    def _deliveries(self, request: Request) -> Response:
        read_body(request, Body)
        return json_response({"deliveries": self._webhooks.deliveries()})
