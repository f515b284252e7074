"""A new token with warm keys, compared with the bare signature check and with other libraries."""

from __future__ import annotations

import json
import sys
from base64 import urlsafe_b64decode
from collections.abc import Iterable
from itertools import islice
from statistics import median
from typing import Any, Callable, TypeVar

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from figure import Figure, at_most
from issuer import running_issuer
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import ECKey
from stopwatch import interleaved, ratio

from torii_backend import Verifier

# A chunk takes milliseconds: short enough that all contenders meet the same load on the machine, and
# long enough that cold processor caches hardly count.
_CHUNK = 100
_LIMIT = 1.2 if sys.version_info >= (3, 11) else 1.25
_CACHE_SIZE = 4096

Token = TypeVar("Token")


def measure(*, quick: bool) -> list[Figure]:
    """Time chunks of distinct tokens, alternating: bare signature check, ours, PyJWT, joserfc."""
    rounds = 20 if quick else 120
    with running_issuer() as issuer:
        signed = issuer.tokens()
        verifier = Verifier(issuer.url)
        # Fill the cache, so that each new token evicts an old one, as in a long-lived process.
        for token in islice(signed, 100 if quick else _CACHE_SIZE):
            verifier.verify(token)
        jwk = json.loads(issuer.jwks)["keys"][0]
        contenders: dict[str, Callable[[str], object]] = {
            "torii_backend": verifier.verify,
            "PyJWT": _pyjwt(jwk, issuer.url),
            "joserfc": _joserfc(jwk, issuer.url),
        }
        steps = {
            name: _in_chunks(verify, islice(signed, rounds * _CHUNK))
            for name, verify in contenders.items()
        }
        steps["bare"] = _in_chunks(
            _bare(jwt.PyJWK(jwk).key), map(_prepared, islice(signed, rounds * _CHUNK))
        )
        seconds = interleaved(steps, rounds)
    bare = seconds["bare"]
    micros = {name: f"{median(spent) / _CHUNK * 1e6:.1f} µs" for name, spent in seconds.items()}
    peers = [
        Figure(
            f"fresh token: {name}, same checks",
            f"{ratio(seconds[name], bare):.2f} times ({micros[name]})",
        )
        for name in ("PyJWT", "joserfc")
    ]
    return [
        Figure("fresh token: cryptography's bare verify", f"1 ({micros['bare']})"),
        at_most(
            "fresh token: torii_backend",
            ratio(seconds["torii_backend"], bare),
            _LIMIT,
            "times",
            note=f" ({micros['torii_backend']})",
        ),
        *peers,
    ]


def _in_chunks(verify: Callable[[Token], object], tokens: Iterable[Token]) -> Callable[[], None]:
    """Return a step that verifies the next chunk of tokens."""
    waiting = list(tokens)

    def step() -> None:
        chunk = waiting[-_CHUNK:]
        del waiting[-_CHUNK:]
        for token in chunk:
            verify(token)

    return step


def _prepared(token: str) -> tuple[bytes, bytes]:
    """Return what the bare check takes: the signature in DER, and the signing input."""
    signing_input, _, signature = token.encode().rpartition(b".")
    raw = urlsafe_b64decode(signature + b"==")
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    return encode_dss_signature(r, s), signing_input


def _bare(key: EllipticCurvePublicKey) -> Callable[[tuple[bytes, bytes]], object]:
    algorithm = ECDSA(SHA256())
    return lambda prepared: key.verify(prepared[0], prepared[1], algorithm)


def _pyjwt(jwk: dict[str, Any], issuer: str) -> Callable[[str], object]:
    key = jwt.PyJWK(jwk)
    required: Any = {"require": ["iss", "sub", "pid", "iat", "exp"]}
    return lambda token: jwt.decode(
        token, key, algorithms=["ES256"], issuer=issuer, leeway=30, options=required
    )


def _joserfc(jwk: dict[str, Any], issuer: str) -> Callable[[str], object]:
    key = ECKey.import_key(jwk)
    claims = joserfc_jwt.JWTClaimsRegistry(
        leeway=30,
        iss={"essential": True, "value": issuer},
        sub={"essential": True},
        pid={"essential": True},
        iat={"essential": True},
        exp={"essential": True},
    )
    return lambda token: claims.validate(
        joserfc_jwt.decode(token, key, algorithms=["ES256"]).claims
    )
