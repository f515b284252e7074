"""What Sentry would send: the variables of each function that an error leaves, with its scrubber off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

sentry_sdk: Any = pytest.importorskip("sentry_sdk")
pytest.importorskip("sentry_sdk.scrubber")


@pytest.fixture
def events() -> Iterator[list[Any]]:
    """Give the events that are sent for captured errors."""
    sent: list[Any] = []
    with sentry_sdk.new_scope() as scope:
        client = sentry_sdk.Client(
            dsn="http://key@127.0.0.1/1",
            before_send=lambda event, _: sent.append(event),
            max_value_length=100_000,
            # It hides variables by their name, such as `token`.
            event_scrubber=sentry_sdk.scrubber.EventScrubber(denylist=[], pii_denylist=[]),
            default_integrations=False,
        )
        scope.set_client(client)
        yield sent
