"""What somebody chose on the sign-in page. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Optional

import msgspec

from torii_backend.emulator.tokens import DEFAULT_EXPIRES_IN

_LONGEST_SECONDS = 365 * 24 * 60 * 60
_LONGEST_ROLE = 100


class InvalidChoice(ValueError):
    """A field of a form has an unusable value. The message says what it must be."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Choice(NamedTuple):
    """A user and how to sign them in: by default without an organization, for 300 seconds a token."""

    user_id: str
    organization_id: Optional[str] = None
    role: Optional[str] = None
    claims: Mapping[str, Any] = {}
    expires_in: int = DEFAULT_EXPIRES_IN


def read_choice(form: Mapping[str, str]) -> Choice:
    """Return the choice that a form describes, or raise InvalidChoice."""
    fields = {name: value.strip() for name, value in form.items()}
    organization_id, role = fields.get("organizationId") or None, fields.get("role") or None
    if role is not None and organization_id is None:
        raise InvalidChoice("role", "role must be empty if no organization is chosen.")
    if role is not None and len(role) > _LONGEST_ROLE:
        raise InvalidChoice("role", f"role must have at most {_LONGEST_ROLE} characters.")
    return Choice(
        user_id=fields.get("userId", ""),
        organization_id=organization_id,
        role=role,
        claims=_claims(fields.get("claims") or "{}"),
        expires_in=_seconds(fields.get("expiresIn") or str(DEFAULT_EXPIRES_IN)),
    )


def _claims(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise InvalidChoice(
            "claims", 'claims must be a JSON object, such as {"plan": "pro"}.'
        ) from None


def _seconds(text: str) -> int:
    # int() refuses text of more than 4,300 digits, and accepts digits of other scripts.
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(_LONGEST_SECONDS))
    if not is_number or not 1 <= int(text) <= _LONGEST_SECONDS:
        raise InvalidChoice(
            "expiresIn",
            f"lifetime must be a whole number of seconds from 1 to {_LONGEST_SECONDS}, such as 300.",
        )
    return int(text)
