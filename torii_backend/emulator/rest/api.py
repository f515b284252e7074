"""The REST API: its operations, and what they share."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence

from werkzeug.wrappers import Request, Response

from torii_backend.emulator.body import BodyT, decode_body, read_bytes
from torii_backend.emulator.environment import Environment
from torii_backend.emulator.mailbox import Mailbox, Message
from torii_backend.emulator.rest import (
    allowed_origins,
    impersonation,
    invitations,
    organizations,
    sessions,
    user_search,
    users,
)
from torii_backend.emulator.rest.operation import Operation
from torii_backend.emulator.rest.problem import Problem, invalid_request
from torii_backend.emulator.rest.request_context import RequestContext
from torii_backend.emulator.routes import Route
from torii_backend.emulator.store.database import Database
from torii_backend.emulator.store.timestamps import now
from torii_backend.emulator.webhooks.delivery import Change, Publish

PREFIX = "/api/server/v1"

_OPERATIONS = [
    *users.OPERATIONS,
    *user_search.OPERATIONS,
    *sessions.OPERATIONS,
    *impersonation.OPERATIONS,
    *organizations.OPERATIONS,
    *invitations.OPERATIONS,
    *allowed_origins.OPERATIONS,
]


def routes(
    database: Database,
    environments: Sequence[Environment],
    issuer: str,
    publish: Publish,
    mailbox: Mailbox,
) -> list[Route]:
    """Return the routes of the REST API."""

    def endpoint_for(operation: Operation) -> Callable[..., Response]:
        def endpoint(request: Request, **ids: str) -> Response:
            environment_id = _environment_of(request, environments)
            body = {}
            if operation.body is not None:
                body["body"] = _read(request, operation.body, required=operation.body_required)
            changes: list[Change] = []
            messages: list[Message] = []

            def committed() -> None:
                publish(changes)
                mailbox.add(messages)

            with database.transaction(committed) as connection:
                context = RequestContext(
                    environment_id, connection, request.args, issuer, now(), changes, messages
                )
                return operation.endpoint(context, **body, **ids)

        return endpoint

    return [
        Route(operation.method, PREFIX + operation.path, endpoint_for(operation))
        for operation in _OPERATIONS
    ]


def _environment_of(request: Request, environments: Sequence[Environment]) -> str:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    sent = key.strip().encode()
    for environment in environments:
        same = hmac.compare_digest(sent, environment.secret_key.encode())
        if same and scheme.lower() == "bearer":
            return environment.environment_id
    raise Problem(
        401,
        "invalid_secret_key",
        "The secret key is missing or invalid. Send it as a bearer token.",
    )


def _read(request: Request, struct: type[BodyT], *, required: bool) -> BodyT:
    body = read_bytes(request)
    if not body and not required:
        return struct()
    if not body:
        raise invalid_request("The body must be a JSON object.")
    if request.mimetype != "application/json":
        raise Problem(415, "unsupported_media_type", "The Content-Type must be application/json.")
    return decode_body(body, struct)
