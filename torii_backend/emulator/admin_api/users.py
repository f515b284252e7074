"""The admin API for users: calls of the REST API without a secret key, and lists for people."""

from __future__ import annotations

from functools import partial
from sqlite3 import Connection
from typing import Callable, Optional

from msgspec import structs
from werkzeug.wrappers import Request, Response

from torii_backend.client.inputs import CreateUser
from torii_backend.client.models import OrganizationMember, UserOrganization
from torii_backend.emulator.admin_api.control import Body
from torii_backend.emulator.body import read_body
from torii_backend.emulator.front.frontend import Frontend
from torii_backend.emulator.people import Person, find_people
from torii_backend.emulator.responses import json_response
from torii_backend.emulator.rest import organizations, sessions, users
from torii_backend.emulator.rest.paging import parse_page_request
from torii_backend.emulator.rest.problem import not_found
from torii_backend.emulator.routes import Route
from torii_backend.emulator.store import members
from torii_backend.emulator.store import organizations as stored_organizations
from torii_backend.emulator.store import users as stored_users
from torii_backend.emulator.store.users import StoredUser

_Call = Callable[..., Response]


class _UserRequest(CreateUser, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /users` of the REST API."""


class _ListedUser(StoredUser, frozen=True, kw_only=True):
    organizations: list[UserOrganization]

    @classmethod
    def of(cls, person: Person) -> _ListedUser:
        return cls(**structs.asdict(person.user), organizations=person.organizations)


class _ListedMember(OrganizationMember, frozen=True, kw_only=True):
    name: Optional[str]
    email: Optional[str]

    @classmethod
    def of(cls, connection: Connection, member: OrganizationMember) -> _ListedMember:
        user = stored_users.find(connection, member.user_id)
        name, email = (None, None) if user is None else (user.name, user.email)
        return cls(**structs.asdict(member), name=name, email=email)


class AdminApiUsers:
    """The endpoints for users, their sessions, and members. Lists are of one environment."""

    def __init__(self, frontend: Frontend) -> None:
        self._frontend = frontend

    def routes(self) -> list[Route]:
        """Return the routes."""
        of_user = "/_emulator/users/{user_id}"
        return [
            Route("GET", "/_emulator/users", self._list_users),
            Route("POST", "/_emulator/users", self._create_user),
            Route("GET", of_user, partial(self._of_user, users.get_user)),
            Route("DELETE", of_user, partial(self._of_user, users.delete_user)),
            Route("POST", f"{of_user}/ban", partial(self._of_user, users.ban_user)),
            Route("POST", f"{of_user}/unban", partial(self._of_user, users.unban_user)),
            Route("GET", f"{of_user}/sessions", partial(self._of_user, sessions.list_sessions)),
            Route(
                "DELETE",
                f"{of_user}/sessions",
                partial(self._of_user, sessions.revoke_all_sessions),
            ),
            Route(
                "DELETE",
                of_user + "/sessions/{session_id}",
                partial(self._of_user, sessions.revoke_session),
            ),
            Route("GET", "/_emulator/organizations", self._list_organizations),
            Route("GET", "/_emulator/organizations/{organization_id}/members", self._list_members),
        ]

    def _list_users(self, request: Request) -> Response:
        page_request = parse_page_request(request.args)
        with self._frontend.transaction() as context:
            found = find_people(
                context.connection,
                context.environment_id,
                request.args.get("search", "").strip(),
                after=page_request.after,
                limit=page_request.fetch_limit,
            )
        listed = [_ListedUser.of(person) for person in found]
        return json_response(page_request.page(listed, lambda user: user.id))

    def _create_user(self, request: Request) -> Response:
        body = read_body(request, _UserRequest)
        with self._frontend.transaction() as context:
            return users.create_user(context, body)

    def _of_user(self, call: _Call, request: Request, user_id: str, **ids: str) -> Response:
        """Do what a call of the REST API does, in the environment of the user."""
        read_body(request, Body)
        with self._frontend.transaction() as context:
            user = stored_users.find(context.connection, user_id)
            if user is None:
                raise not_found("user")
            return call(context._replace(environment_id=user.environment_id), user.id, **ids)

    def _list_organizations(self, request: Request) -> Response:
        with self._frontend.transaction() as context:
            return organizations.list_organizations(context._replace(query=request.args))

    def _list_members(self, request: Request, organization_id: str) -> Response:
        page_request = parse_page_request(request.args)
        with self._frontend.transaction() as context:
            connection = context.connection
            if stored_organizations.environment_of(connection, organization_id) is None:
                raise not_found("organization")
            found = members.of_organization(
                connection,
                organization_id,
                after=page_request.after,
                limit=page_request.fetch_limit,
            )
            listed = [_ListedMember.of(connection, member) for member in found]
        return json_response(page_request.page(listed, lambda member: member.user_id))
