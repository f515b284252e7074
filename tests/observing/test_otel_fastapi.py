"""FastAPI's own telemetry takes a refusal for a response, and not for an error of the application."""

from __future__ import annotations

import asyncio
from inspect import signature
from typing import Any

import pytest
from fastapi import Depends, FastAPI
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor

from tests.adapters.messages import Request, bearer
from tests.adapters.transport import call_asgi
from tests.observing.recorded import recorded
from torii_backend import PermissionDenied
from torii_backend.emulator import Emulator
from torii_backend.fastapi import require_auth

pytestmark = pytest.mark.skipif(
    "telemetry" not in signature(FastAPI).parameters, reason="this FastAPI has no telemetry"
)


class _Emitted:
    """A log exporter that keeps what it is given."""

    def __init__(self) -> None:
        self.records: list[Any] = []

    def export(self, batch: Any) -> None:
        self.records += batch

    def shutdown(self) -> None:
        """Do nothing."""


def _app(torii: Emulator, telemetry: Any) -> Any:
    need = Depends(require_auth(issuer=torii.issuer))
    app = FastAPI(telemetry=telemetry)

    @app.get("/me", dependencies=[need])
    def me() -> dict[str, str]:
        return {}

    @app.get("/denied", dependencies=[need])
    def denied() -> None:
        raise PermissionDenied("No quota left.")

    return app


def test_a_refusal_is_no_unhandled_exception(torii: Emulator) -> None:
    emitted: Any = _Emitted()
    loggers = LoggerProvider(shutdown_on_exit=False)
    loggers.add_log_record_processor(SimpleLogRecordProcessor(emitted))
    good = torii.issue_token().access_token
    with recorded() as told:
        app = _app(
            torii,
            {
                "tracer_provider": told.tracers,
                "meter_provider": told.meters,
                "logger_provider": loggers,
            },
        )
        for request, status in (
            (Request("/me"), 401),
            (bearer("a.b.c", "/me"), 401),
            (bearer(good, "/denied"), 403),
            (bearer(good, "/me"), 200),
        ):
            assert asyncio.run(call_asgi(app, request)).status == status
        spans = told.spans
    assert emitted.records == []
    assert [event for span in spans for event in span.events] == []
    servers = [span for span in spans if span.name.startswith("GET ")]
    assert [span.status.is_ok or span.status.is_unset for span in servers] == [True] * 4
    reasons = [
        span.attributes["torii.refusal.reason"]
        for span in spans
        if span.attributes and "torii.refusal.reason" in span.attributes
    ]
    assert reasons == ["missing_credentials", "malformed", "permission_denied"]
