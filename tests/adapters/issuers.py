"""The emulators that the tests share, and the tokens that must not pass."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.api_jws import PyJWS

from torii_backend.emulator import Emulator

Json = dict[str, Any]


class Issuers(NamedTuple):
    """Three local Toriis.

    Attributes:
        home: the one that guards trust.
        other: one they do not know.
        down: one that guards may trust, and whose keys cannot be had.
    """

    home: Emulator
    other: Emulator
    down: Emulator

    def token(self, user_id: str = "ada", *, expires_in: int = 300, **claims: Any) -> str:
        """Issue a token of the trusted issuer."""
        issued = self.home.issue_token(user_id=user_id, claims=claims, expires_in=expires_in)
        return issued.access_token

    def refused(self) -> dict[str, tuple[str, str]]:
        """Make one token for each way to be refused; by name, with the refusal."""
        good = self.token()
        head, payload, signature = good.split(".")
        impostor = self.other.issue_token(claims={"iss": self.home.issuer}).access_token
        return {
            "expired": (self.token(expires_in=-3600), "expired"),
            "not_yet_valid": (self.token(nbf=32503680000), "not_yet_valid"),
            "wrong_issuer": (self.other.issue_token().access_token, "wrong_issuer"),
            "unknown_key": (impostor, "unknown_key"),
            "forged_signature": (_forged(good), "bad_signature"),
            "borrowed_signature": (f"{head}.{self._payload('root')}.{signature}", "bad_signature"),
            "short_signature": (f"{head}.{payload}.{signature[:-2]}", "bad_signature"),
            "alg_none": (_unsigned(good), "unsupported_algorithm"),
            "alg_hs256": (_symmetric(good), "unsupported_algorithm"),
            "not_a_jwt": ("ada", "malformed"),
            "two_parts": (f"{head}.{payload}", "malformed"),
            "wrong_type": (self.token(pid=7), "invalid_claim"),
        }

    def _payload(self, user_id: str) -> str:
        return self.token(user_id).split(".")[1]


@contextmanager
def running_issuers() -> Iterator[Issuers]:
    """Run the three of them."""
    with Emulator() as home, Emulator() as other, Emulator() as down:
        down.outage("error")
        yield Issuers(home, other, down)


def _forged(good: str) -> str:
    """Sign with a key of our own under the kid of a real one."""
    key = ec.generate_private_key(ec.SECP256R1())
    return PyJWS().encode(_claims(good), key, "ES256", headers={"kid": _kid(good)})


def _symmetric(good: str) -> str:
    return PyJWS().encode(_claims(good), b"s" * 64, "HS256", headers={"kid": _kid(good)})


def _unsigned(good: str) -> str:
    head = json.dumps({"alg": "none", "kid": _kid(good)}).encode()
    return f"{urlsafe_b64encode(head).rstrip(b'=').decode()}.{good.split('.')[1]}."


def _kid(token: str) -> str:
    kid: str = jwt.get_unverified_header(token)["kid"]
    return kid


def _claims(token: str) -> bytes:
    claims: Json = jwt.decode(token, options={"verify_signature": False})
    return json.dumps(claims).encode()
