"""Seed: the users, organizations and members that fill an empty database, and JWT templates."""

from __future__ import annotations

import sqlite3
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import msgspec
from msgspec import Meta, Struct

from torii_backend.client.models import Organization, OrganizationMember
from torii_backend.emulator.ids import new_id
from torii_backend.emulator.metadata import MetadataTooLarge, check_size, merge_patch
from torii_backend.emulator.store import members, organizations, passwords, users
from torii_backend.emulator.store.timestamps import now
from torii_backend.emulator.store.users import StoredUser, join_name
from torii_backend.emulator.templates import Template, TemplateError
from torii_backend.emulator.validation import is_email
from torii_backend.errors import ConfigurationError

_UUID_PATTERN = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_UUID = Annotated[str, Meta(pattern=_UUID_PATTERN)]
_NonEmptyStr = Annotated[str, Meta(min_length=1)]
_Timestamp = Annotated[datetime, Meta(tz=True)]


class _Entry(Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    public_metadata: dict[str, Any] = {}
    private_metadata: dict[str, Any] = {}


class SeedUser(_Entry, kw_only=True):
    """A user of the seed, with the fields of the REST API's record, and a password."""

    id: Optional[_UUID] = None
    email: Optional[str] = None
    email_verified_at: Optional[_Timestamp] = None
    status: Literal["active", "banned", "deleted"] = "active"
    created_at: Optional[_Timestamp] = None
    unsafe_metadata: dict[str, Any] = {}
    first_name: Optional[str] = None
    last_name: Optional[str] = None
    locale: Optional[Literal["en", "da"]] = None
    name: Optional[str] = None
    phone: Optional[str] = None
    address: Optional[str] = None
    date_of_birth: Optional[date] = None
    password: Optional[str] = None


class SeedOrganization(_Entry, kw_only=True):
    """An organization of the seed."""

    id: Optional[_UUID] = None
    name: _NonEmptyStr
    slug: Optional[str] = None


class SeedMember(_Entry, kw_only=True):
    """A membership of the seed. Its ids are those of users and organizations of the seed."""

    organization_id: _UUID
    user_id: _UUID
    role: _NonEmptyStr


class Seed(Struct, forbid_unknown_fields=True):
    """The contents of a seed file."""

    users: list[SeedUser] = []
    organizations: list[SeedOrganization] = []
    members: list[SeedMember] = []
    templates: dict[str, dict[str, Any]] = {}

    def compiled_templates(self) -> dict[str, Template]:
        """Return the JWT templates, or raise a ConfigurationError that names the one that is wrong."""
        compiled: dict[str, Template] = {}
        for name, document in self.templates.items():
            try:
                compiled[name] = Template(document)
            except TemplateError as error:
                raise ConfigurationError(f"seed templates.{name} {error}") from None
        return compiled


def read_seed(path: str) -> Seed:
    """Read a seed file, or raise a ConfigurationError that names the invalid field."""
    try:
        return msgspec.json.decode(Path(path).read_bytes(), type=Seed)
    except OSError as error:
        raise ConfigurationError(f"seed could not be read: {error.strerror}.") from None
    except msgspec.ValidationError as error:
        message = str(error).replace(
            f"`str` matching regex {_UUID_PATTERN!r}", "a UUID in lower case"
        )
        raise ConfigurationError(f"seed is invalid: {message}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ConfigurationError("seed must be a JSON file.") from None


def fill(connection: sqlite3.Connection, environment_id: str, seed: Seed) -> None:
    """Add a seed to an environment, or raise a ConfigurationError if it contradicts itself."""
    try:
        for index, user in enumerate(seed.users):
            _check_email(user, f"users[{index}]")
            _check_password(user, f"users[{index}]")
            _add_user(connection, environment_id, user)
        for organization in seed.organizations:
            _add_organization(connection, environment_id, organization)
        for index, member in enumerate(seed.members):
            _add_member(connection, environment_id, member, f"members[{index}]")
    except sqlite3.IntegrityError:
        raise ConfigurationError(
            "seed must not contain the same id for two users or two organizations."
        ) from None
    except MetadataTooLarge as error:
        raise ConfigurationError(f"seed is invalid. {error}") from None


def _check_email(entry: SeedUser, place: str) -> None:
    if entry.email is None and entry.email_verified_at is not None:
        raise ConfigurationError(f"seed {place} must have an email if it has an emailVerifiedAt.")
    if entry.email is not None and not is_email(entry.email):
        raise ConfigurationError(f"seed {place} must have an email such as ada@example.com.")


def _check_password(entry: SeedUser, place: str) -> None:
    problem = None if entry.password is None else passwords.password_problem(entry.password)
    if problem is not None:
        raise ConfigurationError(f"seed {place} is invalid: its password {problem}")


def _add_user(connection: sqlite3.Connection, environment_id: str, entry: SeedUser) -> None:
    taken = entry.email is not None and users.email_is_taken(
        connection, environment_id, entry.email
    )
    if taken and entry.status != "deleted":
        raise ConfigurationError("seed must not contain the same email for two users.")
    metadata = _metadata(entry, "unsafe_metadata")
    check_size(*metadata.values())
    created_at = entry.created_at or now()
    name = join_name(entry.first_name, entry.last_name) if entry.name is None else entry.name
    user = StoredUser(
        id=entry.id or new_id(),
        environment_id=environment_id,
        status=entry.status,
        created_at=created_at,
        updated_at=created_at,
        deleted_at=created_at if entry.status == "deleted" else None,
        email=entry.email,
        email_verified_at=entry.email_verified_at,
        name=name,
        first_name=entry.first_name,
        last_name=entry.last_name,
        locale=entry.locale,
        phone=entry.phone,
        address=entry.address,
        date_of_birth=entry.date_of_birth,
        **metadata,
    )
    users.add(connection, user)
    if entry.password is not None:
        passwords.put(connection, user.id, passwords.hash_password(entry.password))


def _add_organization(
    connection: sqlite3.Connection, environment_id: str, entry: SeedOrganization
) -> None:
    organization = Organization(
        id=entry.id or new_id(),
        name=entry.name,
        slug=entry.slug,
        created_at=now(),
        **_checked_metadata(entry),
    )
    organizations.add(connection, environment_id, organization)


def _add_member(
    connection: sqlite3.Connection, environment_id: str, entry: SeedMember, place: str
) -> None:
    user = users.find(connection, entry.user_id)
    organization = organizations.find(connection, environment_id, entry.organization_id)
    if user is None or user.status == "deleted" or organization is None:
        raise ConfigurationError(
            f"seed {place} must name an organization and a user of the seed that isn't deleted."
        )
    if members.find(connection, organization.id, user.id) is not None:
        raise ConfigurationError(f"seed {place} must not repeat an earlier membership.")
    member = OrganizationMember(
        organization_id=organization.id,
        user_id=user.id,
        role=entry.role,
        joined_at=now(),
        **_checked_metadata(entry),
    )
    members.put(connection, member)


def _checked_metadata(entry: _Entry) -> dict[str, Any]:
    metadata = _metadata(entry)
    for value in metadata.values():
        check_size(value)
    return metadata


def _metadata(entry: _Entry, *more: str) -> dict[str, Any]:
    # Merging applies the rules of the REST API: null deletes a key, and the depth is limited.
    return {
        name: merge_patch({}, getattr(entry, name))
        for name in ("public_metadata", "private_metadata", *more)
    }
