"""Verify webhook deliveries: headers and bytes become an Event, or why they don't. Pure.

Torii has not published how it signs. `STANDARD_WEBHOOKS` is our assumption, because the announced
secrets begin with `whsec_`: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

Error trackers show the local variables of each function that an exception leaves. So functions with a
secret, a signature or a body in a variable return an error, and those without one raise it.
"""

from __future__ import annotations

import os
import time
from datetime import datetime, timezone
from functools import lru_cache, partial
from typing import Any, Callable, Optional, Union

from torii_backend._guard.bearer import Headers, header_values
from torii_backend.auth import not_from_requests
from torii_backend.errors import ConfigurationError, InvalidWebhook, ToriiError
from torii_backend.events.event import Event, decode_event
from torii_backend.events.signing_keys import (
    Key,
    Secret,
    Secrets,
    read_key,
    split_secrets,
)
from torii_backend.settings import HTTP_TOKEN, Unchanging, require_seconds

Payload = Union[bytes, bytearray, memoryview, str]
Delivery = tuple[str, datetime]
SchemeFunction = Callable[[tuple[Secret, ...], Headers, bytes, float, float], Delivery]
Check = Callable[[Headers, bytes, float, float], Delivery]

DEFAULT_TOLERANCE = 300.0
MAX_BYTES = 1_048_576
_MAX_SIGNATURES = 16
_MAX_SIGNATURE_LENGTH = 88  # of Ed25519, in base64


_MAX_ID_LENGTH = 256
_MAX_TIMESTAMP_LENGTH = 12


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
        self._places = {name: place for place, name in enumerate(self._names)}
        in_environ = ["http_" + name.replace("-", "_") for name in self._names]
        self._places.update({name: place for place, name in enumerate(in_environ)})
        self._lengths = {len(name) for name in self._places}

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
        del secrets
        return check(headers, payload, now, tolerance)

    def _check(self, secrets: tuple[Secret, ...]) -> Union[Check, str]:
        """Return a function that checks deliveries, or what is wrong with a secret."""
        keys: list[Key] = []
        for secret in secrets:
            key = read_key(secret)
            if isinstance(key, str):
                return key
            keys.append(key)
        return partial(self._delivery, keys)

    def _delivery(
        self, keys: list[Key], headers: Headers, payload: bytes, now: float, tolerance: float
    ) -> Delivery:
        found = self._values_of_dict(headers) if type(headers) is dict else None
        name, timestamp, signatures = found or self._values(headers)
        by_version = _by_version(signatures)
        if by_version is None or not _is_id(name) or not _is_timestamp(timestamp):
            raise InvalidWebhook("malformed_header")
        seconds = int(timestamp)
        if seconds < now - tolerance:
            raise InvalidWebhook("too_old")
        if seconds > now + tolerance:
            raise InvalidWebhook("too_new")
        content = f"{name}.{timestamp}.".encode() + payload
        matches = [key.is_signed(content, by_version.get(key.version, [])) for key in keys]
        if True not in matches:
            raise InvalidWebhook("bad_signature")
        return name, datetime.fromtimestamp(seconds, timezone.utc)

    def _values(self, headers: Headers) -> list[str]:
        """Return id, timestamp and signatures, as the headers have them."""
        lists = [header_values(headers, name) for name in self._names]
        if [] in lists:
            raise InvalidWebhook("missing_header")
        if any(len(values) > 1 for values in lists):
            raise InvalidWebhook("malformed_header")
        return [values[0] for values in lists]

    def _values_of_dict(self, headers: dict[Any, Any]) -> Optional[list[str]]:
        """Return the same in less time, if the dict has each header once; None if it doesn't."""
        lengths, places, count = self._lengths, self._places, 0
        found: list[Any] = [None, None, None]
        try:
            for name, value in headers.items():
                if len(name) in lengths:
                    place = places.get(name.lower())
                    if place is not None:
                        found[place] = value
                        count += 1
        except (TypeError, AttributeError):  # a name that isn't a string
            return None
        if count != 3 or not type(found[0]) is type(found[1]) is type(found[2]) is str:
            return None
        return found

    def __repr__(self) -> str:
        return f"Scheme({self._names[0][:-2]!r})"


STANDARD_WEBHOOKS = Scheme()


def _now() -> float:
    """Read the clock, also if it was replaced after this was imported."""
    return time.time()


@not_from_requests("your_function")
def verify_webhook(
    *,
    secret: Secrets,
    headers: Headers,
    payload: Payload,
    tolerance: float = DEFAULT_TOLERANCE,
    scheme: Union[Scheme, SchemeFunction] = STANDARD_WEBHOOKS,
    max_bytes: int = MAX_BYTES,
    clock: Callable[[], float] = _now,
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
        scheme: `torii_backend.events.Scheme(prefix)` for other header names, or a function as `Scheme`
            describes.
        max_bytes: the largest body, 1,048,576 bytes by default.
        clock: returns the time in seconds since 1970; the system's clock by default.

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


def make_check(secret: Optional[Secrets], scheme: object) -> Union[Check, str]:
    """Return a function that checks deliveries, or what is wrong with a secret or the scheme."""
    secrets = split_secrets(secret)
    if isinstance(secrets, str):
        return secrets
    if isinstance(scheme, Scheme):
        return scheme._check(secrets)
    if not callable(scheme):
        return "scheme must be a Scheme or a function, such as Scheme('svix-')."
    function: Any = scheme
    return lambda headers, payload, now, tolerance: function(
        secrets, headers, payload, now, tolerance
    )


# To read a secret takes a third of the time of a verification.
_known_check = lru_cache(maxsize=64)(make_check)


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
    # The defaults needn't be checked each time.
    if tolerance is not DEFAULT_TOLERANCE or max_bytes is not MAX_BYTES:
        try:
            require_tolerance(tolerance)
            require_max_bytes(max_bytes)
        except ConfigurationError as error:
            return error.with_traceback(None)
    is_simple = type(secret) is str and type(scheme) is Scheme
    check = (_known_check if is_simple else make_check)(secret, scheme)
    if isinstance(check, str):
        return ConfigurationError(check)
    body = payload if type(payload) is bytes else _raw(payload)
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


def _is_id(text: str) -> bool:
    """Return whether this is visible ASCII without a comma, which would be two headers that a proxy joined."""
    is_visible = text.isascii() and text.isprintable() and " " not in text
    return is_visible and "," not in text and 0 < len(text) <= _MAX_ID_LENGTH


def _is_timestamp(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MAX_TIMESTAMP_LENGTH


def _by_version(header: str) -> Optional[dict[str, list[bytes]]]:
    """Return the signatures of a header by version; None if a proxy joined two headers to one.

    What is not a signature is skipped.
    """
    found: dict[str, list[bytes]] = {}
    for item in header.split(" ", _MAX_SIGNATURES)[:_MAX_SIGNATURES]:
        version, _, signature = item.partition(",")
        if "," in signature:
            if signature.find(",") == len(signature) - 1 > 0:
                return None
        elif signature and len(signature) <= _MAX_SIGNATURE_LENGTH:
            found.setdefault(version, []).append(signature.encode("ascii", "replace"))
    return found
