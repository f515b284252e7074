"""Environment: the data that one secret key has access to."""

from __future__ import annotations

import re
import secrets
from uuid import uuid4

import msgspec

from torii_backend.auth import not_from_requests

_ENVIRONMENT = re.compile(r"[0-9a-f-]{36} sk_test_[0-9a-f]{48}")


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
        """Return whether both are texts of the form that `generate` gives them."""
        texts = (self.environment_id, self.secret_key)
        return all(isinstance(text, str) for text in texts) and bool(
            _ENVIRONMENT.fullmatch(" ".join(texts))
        )

    def __repr__(self) -> str:
        return f"Environment(environment_id={self.environment_id!r})"
