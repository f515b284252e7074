"""Auth: the identity in a verified access token."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Optional, TypeVar, Union

import msgspec

from torii_backend.errors import InvalidToken, parse_validation_message

if TYPE_CHECKING:
    from uuid import UUID

Kind = TypeVar("Kind")


class Auth(msgspec.Struct, frozen=True, eq=False, gc=False):
    """The identity in one verified access token. It is the same class in every framework.

    Two Auth objects are equal only if they are the same object. `repr` shows ids only.

    Attributes:
        user_id: the signed-in user (`sub`).
        environment_id: the Torii environment of the user (`pid`).
        issuer: the configured issuer that signed the token, without trailing slash (`iss`).
        claims: every claim, read-only at any depth. Objects are mappings, and arrays are tuples.
        email_verified: whether the claim of this name is JSON true.
        profile_complete: whether the claim of this name is JSON true; True if it is absent.
        impersonating: whether someone acts as the user (`impersonating` is true, or `act` is present).
        actor: the id of the person who acts as the user (`act.sub`, RFC 8693 section 4.1).
        locale: the user's language, such as `en`.
        organization_id: the active organization (`org_id`, else `o`).
        organization_role: the user's role key in it, an exact string (`org_role`, else in `o`).
    """

    user_id: str
    environment_id: str
    issuer: str
    claims: Mapping[str, Any]
    email_verified: bool
    profile_complete: bool
    impersonating: bool
    actor: Optional[str]
    locale: Optional[str]
    organization_id: Optional[str]
    organization_role: Optional[str]

    @property
    def issued_at(self) -> datetime:
        """When the token was issued, in UTC (`iat`)."""
        return datetime.fromtimestamp(self.claims["iat"], timezone.utc)

    @property
    def expires_at(self) -> datetime:
        """When the token expires, in UTC (`exp`)."""
        return datetime.fromtimestamp(self.claims["exp"], timezone.utc)

    @property
    def raw(self) -> Mapping[str, Any]:
        """The same mapping as `claims`."""
        return self.claims

    def in_organization(self, organization_id: Union[str, UUID]) -> bool:
        """Return whether this is the active organization.

        Args:
            organization_id: the id, as text or as UUID.
        """
        return self.organization_id == str(organization_id)

    def has_role(self, role: str) -> bool:
        """Return whether the user has this role in the active organization.

        Args:
            role: the role key, compared as an exact string.
        """
        return self.organization_role == role

    def claims_as(self, kind: type[Kind]) -> Kind:
        """Convert the claims to a type that you define.

        Args:
            kind: a msgspec struct, a dataclass, a TypedDict or another type that msgspec converts
                to. Claims that it does not name are ignored.

        Returns:
            An object of that type.

        Raises:
            InvalidToken: a claim is missing or has another type. `reason` is invalid_claim, and
                `claim` names the claim at the top level, unless your type raised the error itself.
                In a guarded view you need not catch it: the response is a 401.
        """
        try:
            # Through JSON, because msgspec cannot convert read-only mappings to every type.
            return msgspec.json.decode(msgspec.json.encode(self.claims, enc_hook=dict), type=kind)
        except msgspec.ValidationError as error:
            raise InvalidToken("invalid_claim", _claim_at_fault(error, self.claims)) from None

    def __repr__(self) -> str:
        names = ("user_id", "environment_id", "organization_id", "actor")
        ids = ((name, getattr(self, name)) for name in names)
        shown = ", ".join(f"{name}={value!r}" for name, value in ids if value is not None)
        return f"Auth({shown})"


ToriiAuth = Auth


def _claim_at_fault(error: msgspec.ValidationError, claims: Mapping[str, Any]) -> Optional[str]:
    """Return the claim that msgspec rejected; None if a type of the application did."""
    if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
        return None
    own_words = "" if error.__cause__ is None else str(error.__cause__)
    problem = parse_validation_message(str(error)[len(own_words) :])
    if problem.path is None:
        return problem.missing
    path = f"{problem.path}."
    at_fault = (name for name in claims if path.startswith((f"{name}.", f"{name}[")))
    return max(at_fault, key=len, default=None)
