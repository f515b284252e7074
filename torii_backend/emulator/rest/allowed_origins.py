"""The extra origins that an environment allows."""

from __future__ import annotations

from werkzeug.wrappers import Response

from torii_backend.client.inputs import SetAllowedOrigins
from torii_backend.client.models import AllowedOrigins
from torii_backend.emulator.responses import json_response
from torii_backend.emulator.rest.operation import Operation
from torii_backend.emulator.rest.problem import invalid_request
from torii_backend.emulator.rest.request_context import RequestContext
from torii_backend.emulator.store import environments
from torii_backend.emulator.validation import is_origin


def get_allowed_origins(context: RequestContext) -> Response:
    """Return the list."""
    origins = environments.origins(context.connection, context.environment_id)
    return json_response(AllowedOrigins(origins=origins))


def set_allowed_origins(context: RequestContext, body: SetAllowedOrigins) -> Response:
    """Replace the list."""
    if not all(is_origin(origin) for origin in body.origins):
        raise invalid_request("origins must be a list of origins, such as https://app.example.com.")
    origins = tuple(body.origins)
    environments.set_origins(context.connection, context.environment_id, origins)
    return json_response(AllowedOrigins(origins=origins))


OPERATIONS = [
    Operation("GET", "/allowed-origins", get_allowed_origins),
    Operation("PUT", "/allowed-origins", set_allowed_origins, SetAllowedOrigins),
]
