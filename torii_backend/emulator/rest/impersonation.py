"""Tokens for acting as a user."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from msgspec import UNSET
from werkzeug.wrappers import Response

from torii_backend.client.inputs import CreateImpersonationToken
from torii_backend.client.models import ImpersonationToken
from torii_backend.emulator.addresses import normal_origin
from torii_backend.emulator.answers import json_answer
from torii_backend.emulator.ids import is_id
from torii_backend.emulator.rest.call import Call
from torii_backend.emulator.rest.operation import Operation
from torii_backend.emulator.rest.problem import Problem, bad_value
from torii_backend.emulator.store import environments, impersonations
from torii_backend.emulator.store.impersonations import Impersonation
from torii_backend.emulator.tenant import REDEEM_PATH

_SHORTEST_SECONDS = 60
_LONGEST_SECONDS = 600
_LONGEST_REASON = 500


def mint_impersonation_token(call: Call, user_id: str, body: CreateImpersonationToken) -> Response:
    """Make a token; nothing is known of a landing page but what the request names."""
    seconds = _checked_seconds(body.expires_in_seconds)
    if len(body.reason) > _LONGEST_REASON:
        raise bad_value(f"reason must have at most {_LONGEST_REASON} characters.")
    if not is_id(body.actor_user_id):
        raise bad_value("actorUserId must be a UUID.")
    landing_page = None if body.redirect_url is UNSET else body.redirect_url
    if landing_page is not None:
        _check_landing_page(call, landing_page)
    user = call.reachable_user(user_id)
    actor = call.reachable_user(body.actor_user_id.lower())
    if actor.status != "active":
        raise Problem(403, "forbidden", "The actor is banned or deleted.")
    if user.status == "deleted":
        raise Problem(400, "user_deleted", "A deleted user cannot be impersonated.")
    token = secrets.token_urlsafe(32)
    impersonation = Impersonation(
        user_id=user.id,
        actor_user_id=actor.id,
        reason=body.reason,
        expires_at=call.now + timedelta(seconds=seconds),
        landing_page=landing_page,
    )
    impersonations.add(call.connection, token, impersonation)
    link = f"{call.issuer}{REDEEM_PATH}?{urlencode({'token': token})}"
    return json_answer(
        ImpersonationToken(
            token=token,
            expires_in_seconds=seconds,
            url=None if landing_page is None else link,
        )
    )


def _checked_seconds(seconds: Any) -> int:
    if seconds in {UNSET, None}:
        return _LONGEST_SECONDS
    if not _SHORTEST_SECONDS <= seconds <= _LONGEST_SECONDS:
        raise bad_value(f"expiresInSeconds must be from {_SHORTEST_SECONDS} to {_LONGEST_SECONDS}.")
    return int(seconds)


def _check_landing_page(call: Call, landing_page: str) -> None:
    origin = normal_origin(landing_page)
    allowed = environments.origins(call.connection, call.environment_id)
    if origin is None or origin not in {normal_origin(other) for other in allowed}:
        raise bad_value("redirectUrl must be an address on an allowed origin.")


OPERATIONS = [
    Operation(
        "POST",
        "/users/<id:user_id>/impersonation-token",
        mint_impersonation_token,
        CreateImpersonationToken,
    ),
]
