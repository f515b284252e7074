"""What the SDK of OpenTelemetry was told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from torii_backend.otel import instrument


class Recorded:
    """Spans and metrics in memory."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self._reader = InMemoryMetricReader()
        self.meters = MeterProvider([self._reader])

    @property
    def spans(self) -> list[ReadableSpan]:
        """The spans that have ended."""
        return list(self.exporter.get_finished_spans())

    def span(self, name: str) -> ReadableSpan:
        """Return the one span of a name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def points(self, name: str) -> list[tuple[dict[str, Any], float]]:
        """Return the attributes and values of a metric; of a histogram, the counts."""
        found = []
        data = self._reader.get_metrics_data()
        for metric in _metrics(data):
            if metric.name == name:
                for point in metric.data.data_points:
                    value = getattr(point, "value", None)
                    found.append((dict(point.attributes), point.count if value is None else value))
        return found

    def names(self) -> set[str]:
        """Return the names of all metrics."""
        return {metric.name for metric in _metrics(self._reader.get_metrics_data())}


def _metrics(data: Any) -> Iterator[Any]:
    for resource in data.resource_metrics if data else ():
        for scope in resource.scope_metrics:
            yield from scope.metrics


@contextmanager
def recorded(*, user_id: bool = False) -> Iterator[Recorded]:
    """Instrument the package."""
    recorded = Recorded()
    undo = instrument(recorded.tracers, recorded.meters, user_id=user_id)
    try:
        yield recorded
    finally:
        undo()
