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
    """The identity in one verified access token; the same class in every framework.

    Two Auth objects are equal only if they are the same object. `repr` shows ids and nothing else.

    Attributes:
        user_id: the signed-in user (`sub`).
        environment_id: the Torii environment that the user belongs to (`pid`).
        issuer: the configured issuer that signed the token, without trailing slash (`iss`).
        claims: every claim, read-only at any depth: objects are mappings, arrays are tuples.
        email_verified: whether the claim of this name is JSON true.
        profile_complete: whether the claim of this name is JSON true; true where it is absent.
        impersonating: whether someone acts as the user (`impersonating` is true, or `act` is there).
        actor: the id of whoever acts as the user (`act.sub`, RFC 8693 section 4.1).
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
        """When the token was made, UTC (`iat`)."""
        return datetime.fromtimestamp(self.claims["iat"], timezone.utc)

    @property
    def expires_at(self) -> datetime:
        """When the token ends, UTC (`exp`)."""
        return datetime.fromtimestamp(self.claims["exp"], timezone.utc)

    @property
    def raw(self) -> Mapping[str, Any]:
        """The same mapping as `claims`."""
        return self.claims

    def in_organization(self, organization_id: Union[str, UUID]) -> bool:
        """Tell whether this is the active organization."""
        return self.organization_id == str(organization_id)

    def has_role(self, role: str) -> bool:
        """Tell whether this is the user's role in the active organization, as an exact string."""
        return self.organization_role == role

    def claims_as(self, kind: type[Kind]) -> Kind:
        """Read the claims into a type of yours.

        Args:
            kind: a msgspec struct, a dataclass, a TypedDict or another type that msgspec converts
                to; claims that it does not name are ignored.

        Raises:
            InvalidToken: a claim is missing or of another type; `reason` is invalid_claim, and `claim`
                the one at the top level, unless the type itself refused.
        """
        try:
            # By way of JSON: not every type is made from read-only mappings.
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
