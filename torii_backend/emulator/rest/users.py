"""The users: creating, reading and changing one; searching many is in a module of its own."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, structs
from werkzeug.wrappers import Response

from torii_backend.client.inputs import CreateUser, UpdateUser, UserMetadataPatch
from torii_backend.emulator.addresses import is_mailbox
from torii_backend.emulator.answers import json_answer
from torii_backend.emulator.ids import new_id
from torii_backend.emulator.metadata import Bag
from torii_backend.emulator.rest.bags import NAMES, bags_of, merged_bags
from torii_backend.emulator.rest.call import Call, writable
from torii_backend.emulator.rest.operation import Operation
from torii_backend.emulator.rest.problem import Problem, bad_value
from torii_backend.emulator.store import invitations, sessions, users
from torii_backend.emulator.store.users import StoredUser, joined_name

_SHORTEST_PASSWORD = 8
_PROFILE = ("first_name", "last_name", "locale", "name", "phone", "address", "date_of_birth")


def create_user(call: Call, body: CreateUser) -> Response:
    """Add a user; no one signs in to the emulator, so the password is checked and forgotten."""
    email = None if body.email is UNSET else body.email
    if email is not None:
        _check_address(call, email)
    if isinstance(body.password, str) and len(body.password) < _SHORTEST_PASSWORD:
        raise bad_value(f"password must have at least {_SHORTEST_PASSWORD} characters.")
    invited = {} if email is None else _accept_invitations(call, email)
    blank = StoredUser(
        id=new_id(),
        environment_id=call.environment_id,
        status="active",
        created_at=call.now,
        updated_at=call.now,
        email=email,
        **merged_bags({name: invited.get(name, {}) for name in NAMES}, body, shared=True),
    )
    given = {name: value for name, value in _sent(body).items() if value is not None}
    user = structs.replace(blank, **_with_full_name(blank, given))
    users.add(call.connection, user)
    return json_answer(user, 201)


def get_user(call: Call, user_id: str) -> Response:
    """Read a user, deleted or not."""
    return json_answer(call.known_user(user_id))


def update_user(call: Call, user_id: str, body: UpdateUser) -> Response:
    """Change the profile of a user."""
    if body.locale not in {UNSET, None, "en", "da"}:
        raise bad_value("locale must be en, da or null.")
    user = writable(call.known_user(user_id))
    bags = merged_bags(bags_of(user), body, shared=True)
    fields = _with_full_name(user, _sent(body))
    return json_answer(users.change(call.connection, user, **fields, **bags))


def update_user_metadata(call: Call, user_id: str, body: UserMetadataPatch) -> Response:
    """Merge into the bags of a user."""
    user = writable(call.known_user(user_id))
    bags = merged_bags(bags_of(user), body, shared=True)
    return json_answer(users.change(call.connection, user, **bags))


def delete_user(call: Call, user_id: str) -> Response:
    """Mark a user as deleted, and end their sessions."""
    user = writable(call.known_user(user_id))
    sessions.revoke_all(call.connection, user.id)
    users.delete(call.connection, user, call.now)
    return Response(status=204)


def ban_user(call: Call, user_id: str) -> Response:
    """Ban a user, and end their sessions."""
    user = writable(call.known_user(user_id))
    sessions.revoke_all(call.connection, user.id)
    return json_answer(users.change(call.connection, user, status="banned"))


def unban_user(call: Call, user_id: str) -> Response:
    """Lift a ban."""
    user = writable(call.known_user(user_id))
    return json_answer(users.change(call.connection, user, status="active"))


def _check_address(call: Call, email: str) -> None:
    if not is_mailbox(email):
        raise bad_value("email must be the address of a mailbox.")
    if users.has_address(call.connection, call.environment_id, email):
        raise Problem(409, "email_taken", "Another user of this environment has the email.")


def _accept_invitations(call: Call, email: str) -> dict[str, Bag]:
    """Accept what is pending for an address; gives the bags of the newest, which fit a user."""
    pending = invitations.pending_for(call.connection, call.environment_id, email, call.now)
    for invitation in pending:
        invitations.change(call.connection, invitation, status="ACCEPTED", accepted_at=call.now)
    return bags_of(pending[-1]) if pending else {}


def _sent(body: Struct) -> dict[str, Any]:
    """Give the profile fields that a request names."""
    fields = {name: getattr(body, name, UNSET) for name in _PROFILE}
    return {name: value for name, value in fields.items() if value is not UNSET}


def _with_full_name(user: StoredUser, fields: dict[str, Any]) -> dict[str, Any]:
    """Let the full name follow the first and the last one, unless it was set or cleared itself."""
    if "name" in fields or user.name != joined_name(user.first_name, user.last_name):
        return fields
    first_name = fields.get("first_name", user.first_name)
    last_name = fields.get("last_name", user.last_name)
    return {**fields, "name": joined_name(first_name, last_name)}


OPERATIONS = [
    Operation("POST", "/users", create_user, CreateUser),
    Operation("GET", "/users/<id:user_id>", get_user),
    Operation("PATCH", "/users/<id:user_id>", update_user, UpdateUser),
    Operation("DELETE", "/users/<id:user_id>", delete_user),
    Operation("PATCH", "/users/<id:user_id>/metadata", update_user_metadata, UserMetadataPatch),
    Operation("POST", "/users/<id:user_id>/ban", ban_user),
    Operation("POST", "/users/<id:user_id>/unban", unban_user),
]
