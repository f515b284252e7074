"""Sign webhook deliveries as a sender does, for tests of your receiver."""

from __future__ import annotations

import time
from datetime import datetime
from secrets import token_hex
from typing import Optional, Union

from torii_backend.auth import not_from_requests
from torii_backend.errors import ConfigurationError
from torii_backend.events.signing_keys import Secrets, SymmetricKey, read_key, split_secrets


@not_from_requests("your_function")
def sign_webhook(
    *,
    secret: Secrets,
    payload: Union[bytes, str],
    id: Optional[str] = None,  # noqa: A002 (the name of the header)
    sent_at: Union[datetime, float, None] = None,
    prefix: str = "webhook-",
) -> dict[str, str]:
    """Sign a delivery by Standard Webhooks 1.0.

    Args:
        secret: `whsec_…`, or several as `verify_webhook` takes them. There is a signature for each.
        payload: the body that you send, byte for byte.
        id: the id of the delivery; a random one by default.
        sent_at: when it was signed, as datetime or in seconds since 1970; now by default.
        prefix: what the header names begin with.

    Returns:
        The headers to send beside the body.

    Raises:
        ConfigurationError: a secret is missing or wrong, or is not for HMAC.
    """
    keys = _signing_keys(secret)
    del secret
    if isinstance(keys, str):
        del payload
        raise ConfigurationError(keys)
    delivery_id = f"msg_{token_hex(12)}" if id is None else id
    moment = sent_at.timestamp() if isinstance(sent_at, datetime) else sent_at
    timestamp = str(int(time.time() if moment is None else moment))
    body = payload.encode() if isinstance(payload, str) else payload
    content = f"{delivery_id}.{timestamp}.".encode() + body
    return {
        "Content-Type": "application/json",
        f"{prefix}id": delivery_id,
        f"{prefix}timestamp": timestamp,
        f"{prefix}signature": " ".join(f"v1,{key.sign(content).decode()}" for key in keys),
    }


def _signing_keys(secret: Secrets) -> Union[list[SymmetricKey], str]:
    """Return the keys in secrets, or what is wrong with them."""
    secrets = split_secrets(secret)
    if isinstance(secrets, str):
        return secrets
    keys: list[SymmetricKey] = []
    for each in secrets:
        key = read_key(each)
        if not isinstance(key, SymmetricKey):
            return key if isinstance(key, str) else "secret must be for HMAC, such as whsec_…."
        keys.append(key)
    return keys
