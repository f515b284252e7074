"""Users, except for the search, which is in `user_search`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Optional

from msgspec import UNSET, Struct, structs
from werkzeug.wrappers import Response

from torii_backend.client.inputs import CreateUser, UpdateUser, UserMetadataPatch
from torii_backend.emulator.ids import new_id
from torii_backend.emulator.metadata import Metadata
from torii_backend.emulator.responses import json_response
from torii_backend.emulator.rest.metadata import METADATA_FIELDS, merge_metadata, metadata_of
from torii_backend.emulator.rest.operation import Operation
from torii_backend.emulator.rest.problem import Problem, invalid_request
from torii_backend.emulator.rest.request_context import RequestContext, require_not_deleted
from torii_backend.emulator.rest.sessions import end_all_sessions
from torii_backend.emulator.store import invitations, members, passwords, users
from torii_backend.emulator.store.users import StoredUser, join_name
from torii_backend.emulator.validation import is_email

_PROFILE = ("first_name", "last_name", "locale", "name", "phone", "address", "date_of_birth")


def create_user(context: RequestContext, body: CreateUser) -> Response:
    """Create a user."""
    return json_response(add_user(context, body), 201)


def add_user(
    context: RequestContext, body: CreateUser, *, email_verified_at: Optional[datetime] = None
) -> StoredUser:
    """Add a user."""
    email = None if body.email is UNSET else body.email
    if email is not None:
        _require_free_email(context, email)
    hashed = _hashed(body.password)
    invited = {} if email is None else _accept_invitations(context, email)
    blank = StoredUser(
        id=new_id(),
        environment_id=context.environment_id,
        status="active",
        created_at=context.now,
        updated_at=context.now,
        email=email,
        email_verified_at=email_verified_at,
        **merge_metadata(
            {name: invited.get(name, {}) for name in METADATA_FIELDS}, body, shared_limit=True
        ),
    )
    given = {name: value for name, value in _profile_fields(body).items() if value is not None}
    user = structs.replace(blank, **_with_full_name(blank, given))
    users.add(context.connection, user)
    if hashed is not None:
        passwords.put(context.connection, user.id, hashed)
    return context.publish("user.created", user)


def get_user(context: RequestContext, user_id: str) -> Response:
    """Return a user, who may be deleted."""
    return json_response(context.user_or_404(user_id))


def update_user(context: RequestContext, user_id: str, body: UpdateUser) -> Response:
    """Change the profile of a user."""
    if body.locale not in {UNSET, None, "en", "da"}:
        raise invalid_request("locale must be en, da or null.")
    user = require_not_deleted(context.user_or_404(user_id))
    return json_response(change_user(context, user, body))


def change_user(context: RequestContext, user: StoredUser, body: UpdateUser) -> StoredUser:
    """Change the profile of a user. Return the new record."""
    metadata = merge_metadata(metadata_of(user), body, shared_limit=True)
    fields = _with_full_name(user, _profile_fields(body))
    return _changed(context, "user.updated", user, **fields, **metadata)


def update_user_metadata(
    context: RequestContext, user_id: str, body: UserMetadataPatch
) -> Response:
    """Merge metadata into a user."""
    user = require_not_deleted(context.user_or_404(user_id))
    metadata = merge_metadata(metadata_of(user), body, shared_limit=True)
    return json_response(_changed(context, "user.updated", user, **metadata))


def delete_user(context: RequestContext, user_id: str) -> Response:
    """Mark a user as deleted, and revoke their sessions."""
    user = require_not_deleted(context.user_or_404(user_id))
    end_all_sessions(context, user)
    for member in members.all_of_user(context.connection, user.id):
        context.publish("organization.member_removed", member)
    context.publish("user.deleted", users.delete(context.connection, user, context.now))
    return Response(status=204)


def ban_user(context: RequestContext, user_id: str) -> Response:
    """Ban a user, and revoke their sessions."""
    user = require_not_deleted(context.user_or_404(user_id))
    end_all_sessions(context, user)
    return json_response(_changed(context, "user.banned", user, status="banned"))


def unban_user(context: RequestContext, user_id: str) -> Response:
    """Lift a ban."""
    user = require_not_deleted(context.user_or_404(user_id))
    return json_response(_changed(context, "user.unbanned", user, status="active"))


def _changed(
    context: RequestContext, event_type: str, user: StoredUser, **fields: Any
) -> StoredUser:
    """Change fields of a user, with an event if any value is new. Return the new record."""
    changed = users.change(context.connection, user, **fields)
    return user if changed is user else context.publish(event_type, changed)


def _require_free_email(context: RequestContext, email: str) -> None:
    if not is_email(email):
        raise invalid_request("email must be an email address, such as ada@example.com.")
    if users.email_is_taken(context.connection, context.environment_id, email):
        raise Problem(409, "email_taken", "The email is already in use.")


def _hashed(password: Any) -> Optional[str]:
    if not isinstance(password, str):
        return None
    problem = passwords.password_problem(password)
    if problem is not None:
        raise invalid_request(f"password {problem}")
    return passwords.hash_password(password)


def _accept_invitations(context: RequestContext, email: str) -> dict[str, Metadata]:
    """Accept all pending invitations for an email. Return the metadata of the newest one."""
    pending = invitations.pending_for(
        context.connection, context.environment_id, email, context.now
    )
    for invitation in pending:
        invitations.change(
            context.connection, invitation, status="ACCEPTED", accepted_at=context.now
        )
    return metadata_of(pending[-1]) if pending else {}


def _profile_fields(body: Struct) -> dict[str, Any]:
    """Return the profile fields that a request names."""
    fields = {name: getattr(body, name, UNSET) for name in _PROFILE}
    return {name: value for name, value in fields.items() if value is not UNSET}


def _with_full_name(user: StoredUser, fields: dict[str, Any]) -> dict[str, Any]:
    """Update the full name from the first and last name, unless it was set separately."""
    if "name" in fields or user.name != join_name(user.first_name, user.last_name):
        return fields
    first_name = fields.get("first_name", user.first_name)
    last_name = fields.get("last_name", user.last_name)
    return {**fields, "name": join_name(first_name, last_name)}


OPERATIONS = [
    Operation("POST", "/users", create_user, CreateUser),
    Operation("GET", "/users/{user_id}", get_user),
    Operation("PATCH", "/users/{user_id}", update_user, UpdateUser),
    Operation("DELETE", "/users/{user_id}", delete_user),
    Operation("PATCH", "/users/{user_id}/metadata", update_user_metadata, UserMetadataPatch),
    Operation("POST", "/users/{user_id}/ban", ban_user),
    Operation("POST", "/users/{user_id}/unban", unban_user),
]
