"""What Sentry sends for an error: the variables of each function that it leaves, with its scrubber off."""

from __future__ import annotations

import json
from typing import Any

import pytest

sentry_sdk: Any = pytest.importorskip("sentry_sdk")
pytest.importorskip("sentry_sdk.scrubber")


def event_of(error: BaseException) -> Any:
    """Return the event that is sent for an error, as JSON would have it."""
    sent: list[Any] = []
    client = sentry_sdk.Client(
        dsn="http://key@127.0.0.1/1",
        before_send=lambda event, _: sent.append(event),
        max_value_length=1_000_000,
        # It hides variables by their name, such as `token`.
        event_scrubber=sentry_sdk.scrubber.EventScrubber(denylist=[], pii_denylist=[]),
        default_integrations=False,
        # The lines of a test have what its variables may not have.
        include_source_context=False,
    )
    with sentry_sdk.new_scope() as scope:
        scope.set_client(client)
        sentry_sdk.capture_exception(error)
    (event,) = sent
    return json.loads(json.dumps(event, default=repr))
