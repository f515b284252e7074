"""The extra origins that an environment allows."""

from __future__ import annotations

from werkzeug.wrappers import Response

from torii_backend.client.inputs import SetAllowedOrigins
from torii_backend.client.models import AllowedOrigins
from torii_backend.emulator.addresses import is_origin
from torii_backend.emulator.answers import json_answer
from torii_backend.emulator.rest.call import Call
from torii_backend.emulator.rest.operation import Operation
from torii_backend.emulator.rest.problem import bad_value
from torii_backend.emulator.store import environments


def get_allowed_origins(call: Call) -> Response:
    """Read the list."""
    origins = environments.origins(call.connection, call.environment_id)
    return json_answer(AllowedOrigins(origins=origins))


def set_allowed_origins(call: Call, body: SetAllowedOrigins) -> Response:
    """Overwrite the list."""
    if not all(is_origin(origin) for origin in body.origins):
        raise bad_value("origins must hold whole origins, such as https://app.example.com.")
    origins = tuple(body.origins)
    environments.set_origins(call.connection, call.environment_id, origins)
    return json_answer(AllowedOrigins(origins=origins))


OPERATIONS = [
    Operation("GET", "/allowed-origins", get_allowed_origins),
    Operation("PUT", "/allowed-origins", set_allowed_origins, SetAllowedOrigins),
]
