"""Environment: the data that one secret key has access to."""

from __future__ import annotations

import re
import secrets
from uuid import uuid4

import msgspec

from torii_backend.auth import not_from_requests
from torii_backend.errors import ConfigurationError

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SECRET_KEY = re.compile(r"sk_test_[0-9A-Za-z_-]{8,200}")


@not_from_requests("your_function")
class Environment(msgspec.Struct, frozen=True):
    """An environment and its secret key.

    Attributes:
        environment_id: the claim `pid` of its users' tokens.
        secret_key: the key for the REST API, `sk_test_…`.
    """

    environment_id: str
    secret_key: str

    @classmethod
    def generate(cls) -> Environment:
        """Return an environment with a new id and a new secret key."""
        return cls(str(uuid4()), f"sk_test_{secrets.token_hex(24)}")

    def is_sound(self) -> bool:
        """Return whether both have the form that settings must have."""
        return _matches(_ID, self.environment_id) and _matches(_SECRET_KEY, self.secret_key)

    def __repr__(self) -> str:
        return f"Environment(environment_id={self.environment_id!r})"


def require_environment_id(environment_id: str) -> str:
    """Return the id of an environment in lower case."""
    lowered = environment_id.lower() if isinstance(environment_id, str) else ""
    if not _matches(_ID, lowered):
        raise ConfigurationError(
            "environment_id must be a UUID, such as 0198a000-0000-7000-8000-000000000001."
        )
    return lowered


def require_secret_key(secret_key: str) -> str:
    """Return a secret key of the emulator, which can't be one of Torii's live keys."""
    if not _matches(_SECRET_KEY, secret_key):
        raise ConfigurationError(
            "secret_key must be sk_test_ and 8 to 200 letters, digits, - or _, such as "
            "sk_test_my_compose_file. Never use a live key with the emulator."
        )
    return secret_key


def _matches(form: re.Pattern[str], text: object) -> bool:
    return isinstance(text, str) and form.fullmatch(text) is not None
