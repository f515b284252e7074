"""OpenTelemetry: metrics, and spans for what leaves the process. Install `torii-backend[otel]`.

    from torii_backend.otel import instrument

    undo = instrument()

There is no span for each request, because a span costs more than a guard does. What is known of a request is
an attribute of the span that your framework has started. docs/observing.md lists all names.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, Callable, Optional, Union

from opentelemetry import metrics, trace
from opentelemetry.trace import SpanKind, Status, StatusCode

from torii_backend._guard.totals import TokenTotals, bounded_ages_of_keys
from torii_backend.errors import ConfigurationError
from torii_backend.observing import (
    Admitted,
    ApiCalled,
    KeysFetched,
    KeysFetchFailed,
    Refused,
    observe,
)
from torii_backend.settings import package_version, require_bool

__all__ = ["instrument"]

Attributes = dict[str, Union[str, int]]

# The default of the SDK is made for milliseconds. These are those that the HTTP conventions advise.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)

_undo_last: Optional[Callable[[], None]] = None


def instrument(
    tracer_provider: Optional[trace.TracerProvider] = None,
    meter_provider: Optional[metrics.MeterProvider] = None,
    *,
    user_id: bool = False,
) -> Callable[[], None]:
    """Report to OpenTelemetry: metrics, spans for key fetches and REST calls, and attributes.

    If you call it again, the providers of the last call count.

    Args:
        tracer_provider: where spans go; the global provider by default.
        meter_provider: where metrics go; the global provider by default.
        user_id: True sets `user.id` and `user.roles` on the current span of each request that passes. They
            are personal data, so this is off by default.

    Returns:
        A function that ends this.

    Raises:
        ConfigurationError: an argument is wrong.
    """
    global _undo_last  # noqa: PLW0603 (there is one instrumentation in a process)
    if not isinstance(tracer_provider, (trace.TracerProvider, type(None))):
        raise ConfigurationError("tracer_provider must be a TracerProvider of OpenTelemetry.")
    if not isinstance(meter_provider, (metrics.MeterProvider, type(None))):
        raise ConfigurationError("meter_provider must be a MeterProvider of OpenTelemetry.")
    require_bool(user_id, "user_id")
    if _undo_last is not None:
        _undo_last()
    version = package_version()
    reports = _Reports(
        trace.get_tracer("torii_backend", version, tracer_provider),
        metrics.get_meter("torii_backend", version, meter_provider),
    )
    undos = [
        observe(reports.refused, Refused),
        observe(reports.keys_fetched, KeysFetched),
        observe(reports.keys_fetch_failed, KeysFetchFailed),
        observe(reports.api_called, ApiCalled),
    ]
    if user_id:
        undos.append(observe(_show_user, Admitted))

    def undo() -> None:
        reports.is_on = False
        for end in undos:
            end()

    _undo_last = undo
    return undo


class _Reports:
    """The instruments, and what each event does to them."""

    def __init__(self, tracer: trace.Tracer, meter: metrics.Meter) -> None:
        self.is_on: bool = True
        self._tracer = tracer
        self._totals = TokenTotals()
        self._refusals = meter.create_counter("torii.refusals", "{refusal}", "Refused requests")
        self._fetches = meter.create_counter("torii.keys.fetches", "{fetch}", "Fetches of keys")
        self._durations = _seconds_histogram(meter, "torii.api.duration", "Calls of the REST API")
        # Nothing can take these back, so they report nothing once this has ended.
        meter.create_observable_counter(
            "torii.tokens", [self._tokens], "{token}", "Accepted or refused tokens, by token cache"
        )
        meter.create_observable_gauge(
            "torii.keys.age", [self._ages], "s", "Time since the last good fetch of the keys"
        )

    def refused(self, event: Refused) -> None:
        """Count a refusal, and note it on the span of the request."""
        self._refusals.add(
            1, {"torii.reason": event.reason, "http.response.status_code": event.status}
        )
        span = trace.get_current_span()
        if span.is_recording():
            span.set_attribute("torii.refusal.reason", event.reason)

    def keys_fetched(self, event: KeysFetched) -> None:
        """Count a good fetch."""
        self._fetches.add(1, {"outcome": "good"})
        self._span("torii.keys.fetch", event.seconds, {"torii.issuer": event.issuer})

    def keys_fetch_failed(self, event: KeysFetchFailed) -> None:
        """Count a failed fetch."""
        self._fetches.add(1, {"outcome": "failed"})
        attributes: Attributes = {"torii.issuer": event.issuer}
        self._span("torii.keys.fetch", event.seconds, attributes, event.cause)

    def api_called(self, event: ApiCalled) -> None:
        """Record how long a call took."""
        attributes: Attributes = {"torii.operation": event.operation}
        failure = event.error
        if event.status is not None:
            attributes["http.response.status_code"] = event.status
        if failure is None and event.status is not None and event.status >= 400:
            attributes["error.type"] = str(event.status)
        elif failure is not None:
            attributes["error.type"] = failure
        self._durations.record(event.seconds, attributes)
        more: Attributes = (
            {} if event.tries == 1 else {"http.request.resend_count": event.tries - 1}
        )
        if event.request_id is not None:
            more["torii.request_id"] = event.request_id
        failed = "" if "error.type" in attributes else None
        self._span(event.operation, event.seconds, {**attributes, **more}, failed)

    def _span(
        self, name: str, seconds: float, attributes: Attributes, failure: Optional[str] = None
    ) -> None:
        """Record a span that has just ended; a text in `failure` says that it failed."""
        end = time.time_ns()
        start = end - int(seconds * 1e9)
        span = self._tracer.start_span(
            name, kind=SpanKind.CLIENT, attributes=attributes, start_time=start
        )
        if failure is not None:
            span.set_status(Status(StatusCode.ERROR, failure or None))
        span.end(end)

    def _tokens(self, _: Any) -> Iterable[metrics.Observation]:
        if not self.is_on:
            return []
        hits, misses = self._totals.hits_and_misses()
        return [
            metrics.Observation(hits, {"cache": "hit"}),
            metrics.Observation(misses, {"cache": "miss"}),
        ]

    def _ages(self, _: Any) -> Iterable[metrics.Observation]:
        ages = bounded_ages_of_keys() if self.is_on else {}
        return [metrics.Observation(age, {"torii.issuer": issuer}) for issuer, age in ages.items()]


def _show_user(event: Admitted) -> None:
    span = trace.get_current_span()
    if span.is_recording():
        span.set_attribute("user.id", event.auth.user_id)
        if event.auth.organization_role is not None:
            span.set_attribute("user.roles", [event.auth.organization_role])


def _seconds_histogram(meter: metrics.Meter, name: str, description: str) -> metrics.Histogram:
    create: Any = meter.create_histogram
    try:
        histogram = create(name, "s", description, explicit_bucket_boundaries_advisory=_SECONDS)
    except TypeError:  # before opentelemetry-api 1.30
        histogram = create(name, "s", description)
    made: metrics.Histogram = histogram
    return made
