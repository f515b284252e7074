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
from torii_backend.emulator.ids import is_id
from torii_backend.emulator.responses import json_response
from torii_backend.emulator.rest.operation import Operation
from torii_backend.emulator.rest.problem import Problem, invalid_request
from torii_backend.emulator.rest.request_context import RequestContext
from torii_backend.emulator.store import environments, impersonations
from torii_backend.emulator.store.impersonations import Impersonation
from torii_backend.emulator.tenant import REDEEM_PATH
from torii_backend.emulator.validation import normalize_origin

_SHORTEST_SECONDS = 60
_LONGEST_SECONDS = 600
_LONGEST_REASON = 500


def mint_impersonation_token(
    context: RequestContext, user_id: str, body: CreateImpersonationToken
) -> Response:
    """Create an impersonation token. It has a URL if the request names a landing page."""
    seconds = _require_seconds(body.expires_in_seconds)
    if len(body.reason) > _LONGEST_REASON:
        raise invalid_request(f"reason must have at most {_LONGEST_REASON} characters.")
    if not is_id(body.actor_user_id):
        raise invalid_request("actorUserId must be a UUID.")
    landing_page = None if body.redirect_url is UNSET else body.redirect_url
    if landing_page is not None:
        _check_landing_page(context, landing_page)
    user = context.user_or_403(user_id)
    actor = context.user_or_403(body.actor_user_id.lower())
    if actor.status != "active":
        raise Problem(403, "forbidden", "The actor is banned or deleted.")
    if user.status == "deleted":
        raise Problem(400, "user_deleted", "A deleted user cannot be impersonated.")
    token = secrets.token_urlsafe(32)
    impersonation = Impersonation(
        user_id=user.id,
        actor_user_id=actor.id,
        reason=body.reason,
        expires_at=context.now + timedelta(seconds=seconds),
        landing_page=landing_page,
    )
    impersonations.add(context.connection, token, impersonation)
    link = f"{context.issuer}{REDEEM_PATH}?{urlencode({'token': token})}"
    return json_response(
        ImpersonationToken(
            token=token,
            expires_in_seconds=seconds,
            url=None if landing_page is None else link,
        )
    )


def _require_seconds(seconds: Any) -> int:
    if seconds in {UNSET, None}:
        return _LONGEST_SECONDS
    if not _SHORTEST_SECONDS <= seconds <= _LONGEST_SECONDS:
        raise invalid_request(
            f"expiresInSeconds must be from {_SHORTEST_SECONDS} to {_LONGEST_SECONDS}."
        )
    return int(seconds)


def _check_landing_page(context: RequestContext, landing_page: str) -> None:
    origin = normalize_origin(landing_page)
    allowed = environments.origins(context.connection, context.environment_id)
    if origin is None or origin not in {normalize_origin(other) for other in allowed}:
        raise invalid_request("redirectUrl must be a URL on an allowed origin.")


OPERATIONS = [
    Operation(
        "POST",
        "/users/{user_id}/impersonation-token",
        mint_impersonation_token,
        CreateImpersonationToken,
    ),
]
