"""Listeners, and OpenTelemetry."""

from __future__ import annotations

from typing import Callable, Union

from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider
from typing_extensions import assert_type

from torii_backend import Auth, PermissionDenied
from torii_backend.observing import Admitted, KeysFetchFailed, KeysStale, Refused, observe
from torii_backend.otel import instrument


def count(event: Refused) -> int:
    assert_type(event.reason, str)
    assert_type(event.status, int)
    return event.status


def note(event: Union[Admitted, Refused]) -> None:
    if isinstance(event, Admitted):
        assert_type(event.auth, Auth)


def observing() -> None:
    undo = observe(count, Refused)
    assert_type(undo, Callable[[], None])
    undo()
    observe(note, Refused, Admitted)
    observe(note, Refused)
    observe(print, KeysFetchFailed, KeysStale)
    observe(lambda event: event.issuer.upper(), KeysStale)
    observe(count, KeysStale)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def reporting(tracers: TracerProvider, meters: MeterProvider) -> None:
    assert_type(instrument(), Callable[[], None])
    instrument(tracers, meters, user_id=True)
    instrument(user_id="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def denied(refusal: PermissionDenied) -> str:
    return "" if refusal.auth is None else refusal.auth.user_id
