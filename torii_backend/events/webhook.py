"""Verify webhook deliveries: headers and bytes become an Event, or why they don't. Pure.

Torii has not published how it signs. `STANDARD_WEBHOOKS` is our assumption, because the announced
secrets begin with `whsec_`: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

Error trackers show the local variables of each function that an exception leaves. So functions with a
secret, a signature or a body in a variable return an error, and those without one raise it. A key is
kept as the state of an HMAC, which shows nothing of it.
"""

from __future__ import annotations

import hmac
import os
import re
import time
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from datetime import datetime, timezone
from hashlib import sha256
from typing import Any, Callable, Optional, Union

from torii_backend._guard.bearer import Headers, header_values
from torii_backend.errors import ConfigurationError, InvalidWebhook, ToriiError
from torii_backend.events.event import Event, decode_event
from torii_backend.settings import HTTP_TOKEN, Unchanging, require_seconds

Secret = Union[str, bytes]
Secrets = Union[Secret, Sequence[Secret]]
Payload = Union[bytes, bytearray, memoryview, str]
Delivery = tuple[str, datetime]
SchemeFunction = Callable[[tuple[Secret, ...], Headers, bytes, float, float], Delivery]
Check = Callable[[Headers, bytes, float, float], Delivery]

DEFAULT_TOLERANCE = 300.0
MAX_BYTES = 1_048_576
_MAX_SECRETS = 8
_MAX_SIGNATURES = 16
_MIN_KEY_BYTES = 16

# Visible ASCII without a comma, which would be two headers that a proxy joined.
_ID = re.compile(r"[\x21-\x2b\x2d-\x7e]{1,256}\Z")
_TIMESTAMP = re.compile(r"[0-9]{1,12}\Z")
_JOINED = re.compile(r"[^ ,]+,[^ ,]+,(?: |\Z)")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}\Z")

_MISSING = (
    "secret must be set, such as whsec_… from your Torii dashboard. "
    "Pass secret= or set TORII_WEBHOOK_SECRET."
)
_MALFORMED = (
    "secret must be base64 of at least 16 bytes, with or without whsec_ in front, "
    "or whpk_ and the base64 of 32 bytes."
)


class SymmetricKey:
    """A key of HMAC-SHA256 (`v1`)."""

    __slots__ = ("_state",)
    version = "v1"

    def __init__(self, key: bytes) -> None:
        self._state = hmac.new(key, digestmod=sha256)

    def sign(self, content: tuple[bytes, bytes]) -> bytes:
        """Return the signature in base64."""
        state = self._state.copy()
        for part in content:
            state.update(part)
        return b2a_base64(state.digest(), newline=False)

    def is_signed(self, content: tuple[bytes, bytes], signatures: list[bytes]) -> bool:
        """Return whether one of the signatures is right. It compares all of them."""
        # As base64, which has one canonical spelling. Nothing that a client sent is decoded.
        expected = self.sign(content)
        return sum(hmac.compare_digest(expected, each) for each in signatures) > 0


class PublicKey:
    """A public key of Ed25519 (`v1a`)."""

    __slots__ = ("_key",)
    version = "v1a"

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        self._key = Ed25519PublicKey.from_public_bytes(key)

    def is_signed(self, content: tuple[bytes, bytes], signatures: list[bytes]) -> bool:
        """Return whether one of the signatures is right."""
        return any(self._verifies(each, b"".join(content)) for each in signatures)

    def _verifies(self, signature: bytes, content: bytes) -> bool:
        from cryptography.exceptions import InvalidSignature

        try:
            decoded = a2b_base64(signature)
            self._key.verify(decoded, content)
        except (InvalidSignature, Base64Error):
            return False
        return b2a_base64(decoded, newline=False) == signature


Key = Union[SymmetricKey, PublicKey]


class Scheme(Unchanging):
    """Standard Webhooks 1.0, with the header names `<prefix>id`, `<prefix>timestamp`, `<prefix>signature`.

    It can be called like any scheme that you write yourself: with the secrets as a tuple, the headers,
    the body in bytes, the time in seconds since 1970, and the tolerance in seconds. It returns the id of
    the delivery and the time at which it was signed, and raises InvalidWebhook.

    Args:
        prefix: what the three header names begin with, `webhook-` by default.
    """

    def __init__(self, prefix: str = "webhook-") -> None:
        if not isinstance(prefix, str) or not HTTP_TOKEN.match(prefix):
            raise ConfigurationError("prefix must begin a header name, such as webhook-.")
        self._names = [f"{prefix.lower()}{name}" for name in ("id", "timestamp", "signature")]

    def __call__(
        self,
        secrets: tuple[Secret, ...],
        headers: Headers,
        payload: bytes,
        now: float,
        tolerance: float,
    ) -> Delivery:
        """Check a delivery, see above."""
        check = self._check(secrets)
        if isinstance(check, str):
            del secrets, headers, payload
            raise ConfigurationError(check)
        return check(headers, payload, now, tolerance)

    def _check(self, secrets: tuple[Secret, ...]) -> Union[Check, str]:
        """Return a function that checks deliveries, or what is wrong with a secret."""
        keys: list[Key] = []
        for secret in secrets:
            key = read_key(secret)
            if isinstance(key, str):
                return key
            keys.append(key)
        return lambda headers, payload, now, tolerance: self._delivery(
            keys, headers, payload, now, tolerance
        )

    def _delivery(
        self, keys: list[Key], headers: Headers, payload: bytes, now: float, tolerance: float
    ) -> Delivery:
        found = [header_values(headers, name) for name in self._names]
        if not all(found):
            raise InvalidWebhook("missing_header")
        if any(len(values) > 1 for values in found):
            raise InvalidWebhook("malformed_header")
        (name,), (timestamp,), (signatures,) = found
        if not _ID.match(name) or not _TIMESTAMP.match(timestamp) or _JOINED.search(signatures):
            raise InvalidWebhook("malformed_header")
        seconds = int(timestamp)
        if seconds < now - tolerance:
            raise InvalidWebhook("too_old")
        if seconds > now + tolerance:
            raise InvalidWebhook("too_new")
        content = (f"{name}.{timestamp}.".encode(), payload)
        by_version = _by_version(signatures)
        if not sum(key.is_signed(content, by_version.get(key.version, [])) for key in keys):
            raise InvalidWebhook("bad_signature")
        return name, datetime.fromtimestamp(seconds, timezone.utc)

    def __repr__(self) -> str:
        return f"Scheme({self._names[0][:-2]!r})"


STANDARD_WEBHOOKS = Scheme()


def verify_webhook(
    *,
    secret: Secrets,
    headers: Headers,
    payload: Payload,
    tolerance: float = DEFAULT_TOLERANCE,
    scheme: Union[Scheme, SchemeFunction] = STANDARD_WEBHOOKS,
    max_bytes: int = MAX_BYTES,
    clock: Callable[[], float] = time.time,
) -> Event:
    """Verify a webhook delivery. It remembers nothing, so a delivery that comes twice passes twice.

    Torii has not published how it signs webhooks. Standard Webhooks 1.0 is an assumption, and
    `scheme` replaces it.

    Args:
        secret: `whsec_…`, several of them separated by commas, a list, or the bytes of a key. While a
            secret is being rotated, pass both; up to 8.
        headers: the headers of the request: any mapping, pairs, a WSGI environ or `request.META`.
        payload: the raw body, before anything has parsed it.
        tolerance: seconds by which the timestamp may differ from now, 300 by default.
        scheme: `Scheme(prefix)` for other header names, or a function as `Scheme` describes.
        max_bytes: the largest body, 1,048,576 bytes by default.
        clock: returns the time in seconds since 1970.

    Returns:
        The event.

    Raises:
        InvalidWebhook: the delivery was refused; `reason` says why.
        ConfigurationError: a setting is missing or wrong.
        TypeError: the payload is not the raw body, or the headers are not headers.
    """
    outcome = _verified(secret, headers, payload, tolerance, scheme, max_bytes, clock)
    del secret, headers, payload
    if isinstance(outcome, Event):
        return outcome
    raise outcome


def make_check(secret: Optional[Secrets], scheme: object) -> Union[Check, ConfigurationError]:
    """Return a function that checks deliveries, or the error of a secret or scheme."""
    secrets = split_secrets(secret)
    if isinstance(secrets, str):
        return ConfigurationError(secrets)
    if isinstance(scheme, Scheme):
        check = scheme._check(secrets)
        return ConfigurationError(check) if isinstance(check, str) else check
    if not callable(scheme):
        return ConfigurationError("scheme must be a Scheme or a function, such as Scheme('svix-').")
    function: Any = scheme
    return lambda headers, payload, now, tolerance: function(
        secrets, headers, payload, now, tolerance
    )


def check_delivery(
    check: Check, headers: Headers, payload: bytes, tolerance: float, now: float
) -> Union[Event, ToriiError, TypeError]:
    """Return the event of a delivery, or the error without the frames that saw it."""
    try:
        delivery_id, sent_at = check(headers, payload, now, tolerance)
    except (ToriiError, TypeError) as error:
        return error.with_traceback(None)
    return decode_event(payload, delivery_id, sent_at) or InvalidWebhook("malformed_body")


def environment_secret() -> str:
    """Return TORII_WEBHOOK_SECRET."""
    return os.environ.get("TORII_WEBHOOK_SECRET", "")


def require_tolerance(tolerance: float) -> float:
    """Check the seconds by which a timestamp may differ from now."""
    if require_seconds(tolerance, "tolerance") == 0:
        raise ConfigurationError("tolerance must be above 0 seconds, such as 300.")
    return tolerance


def require_max_bytes(max_bytes: int) -> int:
    """Check the largest body."""
    if not isinstance(max_bytes, int) or isinstance(max_bytes, bool) or max_bytes < 1:
        raise ConfigurationError("max_bytes must be a whole number above 0, such as 1048576.")
    return max_bytes


def _verified(  # noqa: PLR0917 (verify_webhook names them)
    secret: Secrets,
    headers: Headers,
    payload: Payload,
    tolerance: float,
    scheme: Union[Scheme, SchemeFunction],
    max_bytes: int,
    clock: Callable[[], float],
) -> Union[Event, ToriiError, TypeError]:
    try:
        require_tolerance(tolerance)
        require_max_bytes(max_bytes)
    except ConfigurationError as error:
        return error.with_traceback(None)
    check = make_check(secret, scheme)
    if isinstance(check, ConfigurationError):
        return check
    body = _raw(payload)
    if not isinstance(body, bytes):
        return body
    if len(body) > max_bytes:
        return InvalidWebhook("too_large")
    return check_delivery(check, headers, body, tolerance, clock())


def _raw(payload: object) -> Union[bytes, InvalidWebhook, TypeError]:
    """Return the bytes that were sent, or why there are none."""
    if isinstance(payload, bytes):
        return payload
    if isinstance(payload, (bytearray, memoryview)):
        return bytes(payload)
    if not isinstance(payload, str):
        return TypeError("payload must be bytes: pass the raw body, not what was parsed from it.")
    try:
        return payload.encode()
    except UnicodeEncodeError:
        return InvalidWebhook("malformed_body")


def split_secrets(secret: Optional[Secrets]) -> Union[tuple[Secret, ...], str]:
    """Return the secrets, or what is wrong with them."""
    if isinstance(secret, str):
        found: list[Any] = re.split(r"[\s,]+", secret.strip(" \t\r\n,"))
    elif isinstance(secret, (list, tuple, set, frozenset)):
        found = [each.strip() if isinstance(each, str) else each for each in secret]
    else:
        found = [] if secret is None else [secret]
    if not all(isinstance(each, (str, bytes)) for each in found):
        return "secret must be a string, bytes, or a list of these."
    if not found or not all(found):
        return _MISSING
    if len(found) > _MAX_SECRETS:
        return f"secret must be at most {_MAX_SECRETS} secrets."
    return tuple(found)


def read_key(secret: Secret) -> Union[Key, str]:
    """Return the key in a secret, or what is wrong with it."""
    if isinstance(secret, bytes):
        if secret.startswith((b"whsec_", b"whpk_", b"whsk_")):
            return "secret must be a string if it begins with whsec_ or whpk_."
        return SymmetricKey(secret) if len(secret) >= _MIN_KEY_BYTES else _MALFORMED
    if secret.startswith("whsk_"):
        return "secret must be the public key, which begins with whpk_. whsk_ is the sender's own."
    is_public = secret.startswith("whpk_")
    key = _decoded(secret[5:] if is_public else secret.removeprefix("whsec_"))
    if is_public:
        return PublicKey(key) if len(key) == 32 else _MALFORMED
    return SymmetricKey(key) if len(key) >= _MIN_KEY_BYTES else _MALFORMED


def _decoded(text: str) -> bytes:
    """Decode base64, padded or not; nothing if it is not base64."""
    if not _BASE64.match(text):
        return b""
    digits = text.rstrip("=")
    try:
        return a2b_base64(digits + "=" * (-len(digits) % 4))
    except Base64Error:
        return b""


def _by_version(header: str) -> dict[str, list[bytes]]:
    """Return the signatures of a header by version. What is not a signature is skipped."""
    found: dict[str, list[bytes]] = {}
    for item in header.split(" ", _MAX_SIGNATURES)[:_MAX_SIGNATURES]:
        version, _, signature = item.partition(",")
        if signature and "," not in signature:
            found.setdefault(version, []).append(signature.encode("ascii", "replace"))
    return found
