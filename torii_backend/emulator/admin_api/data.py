"""The admin API for data: it creates what the REST API has no calls for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Optional

from msgspec import Meta
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Request, Response

from torii_backend.client.models import Organization
from torii_backend.emulator.admin_api.control import Body, value_errors_as_400
from torii_backend.emulator.body import read_body
from torii_backend.emulator.environment import Environment
from torii_backend.emulator.ids import new_id, normalize_id
from torii_backend.emulator.memberships import put_member
from torii_backend.emulator.responses import error_response, json_response
from torii_backend.emulator.routes import Route
from torii_backend.emulator.store import organizations, users
from torii_backend.emulator.store.database import Database
from torii_backend.emulator.store.timestamps import now
from torii_backend.emulator.webhooks.delivery import Change, Publish

_NonEmptyStr = Annotated[str, Meta(min_length=1)]


class _OrganizationRequest(Body):
    name: _NonEmptyStr
    slug: Optional[str] = None
    environment_id: Optional[str] = None


class _MemberRequest(Body):
    organization_id: str
    user_id: str
    role: _NonEmptyStr


class AdminApiData:
    """The endpoints for organizations, members and verified emails."""

    def __init__(
        self, database: Database, environments: Sequence[Environment], publish: Publish
    ) -> None:
        self._database = database
        self._environments = environments
        self._publish = publish

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("POST", "/_emulator/organizations", self._make_organization),
            Route("POST", "/_emulator/members", self._make_member),
            Route("POST", "/_emulator/users/{user_id}/verify-email", self._verify_email),
        ]

    def _make_organization(self, request: Request) -> Response:
        body = read_body(request, _OrganizationRequest)
        environment_id = self._environment_id(body.environment_id)
        organization = Organization(
            id=new_id(),
            name=body.name,
            slug=body.slug,
            created_at=now(),
            public_metadata={},
            private_metadata={},
        )
        changes = [Change(environment_id, "organization.created", organization)]
        with self._database.transaction(partial(self._publish, changes)) as connection:
            organizations.add(connection, environment_id, organization)
        return json_response(organization)

    def _make_member(self, request: Request) -> Response:
        body = read_body(request, _MemberRequest)
        changes: list[Change] = []
        with self._database.transaction(partial(self._publish, changes)) as connection:
            user = users.find(connection, normalize_id(body.user_id))
            if user is None or user.status == "deleted":
                raise BadRequest("userId must be the id of an existing user.")
            with value_errors_as_400():
                changes.append(put_member(connection, user, body.organization_id, body.role))
        return json_response(changes[0].record)

    def _verify_email(self, request: Request, user_id: str) -> Response:
        read_body(request, Body)
        changes: list[Change] = []
        with self._database.transaction(partial(self._publish, changes)) as connection:
            user = users.find(connection, user_id)
            if user is None or user.status == "deleted":
                return error_response(404, "user_not_found", "User not found.")
            if user.email is not None and user.email_verified_at is None:
                user = users.change(connection, user, email_verified_at=now())
                changes.append(Change(user.environment_id, "user.updated", user))
        return json_response(user)

    def _environment_id(self, requested: Optional[str]) -> str:
        known = [environment.environment_id for environment in self._environments]
        environment_id = known[0] if requested is None else normalize_id(requested)
        if environment_id not in known:
            raise BadRequest(
                "environmentId must be the id of one of the emulator's two environments."
            )
        return environment_id
