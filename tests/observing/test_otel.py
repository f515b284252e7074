"""OpenTelemetry: each metric, span and attribute, and that there are no others."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Optional, get_args

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import StatusCode

from tests.observing.recorded import Recorded, recorded
from tests.support.clock import WATCHDOG, Clock
from tests.support.issuer import URL, Issuer
from tests.support.observed import observed
from torii_backend import Authenticator, ConfigurationError, KeysUnavailable, ToriiClient, Verifier
from torii_backend._guard import totals
from torii_backend._guard.refusal_log import REASONS
from torii_backend.client import NotFound
from torii_backend.emulator import Emulator
from torii_backend.errors import (
    InvalidToken,
    InvalidTokenReason,
    MissingCredentials,
    ToriiAuthError,
)
from torii_backend.observing import (
    Admitted,
    ApiCalled,
    KeysFetched,
    KeysFetchFailed,
    Refused,
    observe,
)
from torii_backend.observing.slots import SLOTS, tell
from torii_backend.otel import instrument

NOBODY = "0198c0de-0000-7000-8000-000000000000"


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def _refuse(guard: Authenticator, headers: dict[str, str]) -> None:
    with pytest.raises(ToriiAuthError) as caught:
        guard.authenticate(headers)
    guard.response_to(caught.value, headers)


def test_refusals_are_counted_by_reason_and_status(torii: Emulator) -> None:
    guard = Authenticator(issuer=torii.issuer)
    with recorded() as told:
        _refuse(guard, {})
        _refuse(guard, {})
        _refuse(guard, _bearer("a.b.c"))
        points = told.points("torii.refusals")
    status = {"http.response.status_code": 401}
    assert points == [
        ({"torii.reason": "missing_credentials", **status}, 2),
        ({"torii.reason": "malformed", **status}, 1),
    ]


def test_a_refusal_is_noted_on_the_span_of_the_request(torii: Emulator) -> None:
    guard = Authenticator(issuer=torii.issuer)
    with recorded() as told:
        with told.tracers.get_tracer("app").start_as_current_span("GET /me"):
            _refuse(guard, {})
        _refuse(guard, {})
        span = told.span("GET /me")
    assert dict(span.attributes or {}) == {"torii.refusal.reason": "missing_credentials"}
    assert span.status.status_code is StatusCode.UNSET and not span.events


@pytest.mark.parametrize("user_id", [True, False])
def test_the_user_is_on_the_span_of_the_request_only_if_you_want(
    torii: Emulator, user_id: bool
) -> None:
    guard = Authenticator(issuer=torii.issuer)
    token = torii.issue_token(user_id="ada", claims={"org_id": "org_1", "org_role": "owner"})
    with recorded(user_id=user_id) as told:
        with told.tracers.get_tracer("app").start_as_current_span("GET /me"):
            guard.authenticate(_bearer(token.access_token))
        guard.authenticate(_bearer(token.access_token))
        span = told.span("GET /me")
    shown = {"user.id": "ada", "user.roles": ("owner",)} if user_id else {}
    assert dict(span.attributes or {}) == shown


def test_there_is_no_span_for_a_request(torii: Emulator) -> None:
    guard = Authenticator(issuer=torii.issuer)
    token = torii.issue_token(user_id="ada").access_token
    with recorded(user_id=True) as told, observed(KeysFetched) as heard:
        for _ in range(3):
            guard.authenticate(_bearer(token))
            _refuse(guard, {})
        heard.wait()
        assert {span.name for span in told.spans} <= {"torii.keys.fetch"}


class _Exporter(SpanExporter):
    """Says when a span has ended."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []
        self.has_some = threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.spans += spans
        self.has_some.set()
        return SpanExportResult.SUCCESS


@pytest.mark.parametrize("is_down", [True, False])
def test_each_fetch_of_keys_is_counted_and_a_span(issuer: Issuer, is_down: bool) -> None:
    def fetch(url: str, timeout: float) -> Any:
        if is_down:
            raise OSError("secret=canary")
        return issuer.fetch(url, timeout)

    exporter = _Exporter()
    with recorded() as told:
        told.tracers.add_span_processor(SimpleSpanProcessor(exporter))
        try:
            Verifier(URL, fetch=fetch, clock=Clock()).warm()
        except KeysUnavailable:
            assert is_down
        assert exporter.has_some.wait(WATCHDOG)
        points = told.points("torii.keys.fetches")
    assert points == [({"outcome": "failed" if is_down else "good"}, 1)]
    (span,) = exporter.spans
    assert (span.name, dict(span.attributes or {})) == ("torii.keys.fetch", {"torii.issuer": URL})
    assert span.status.status_code is (StatusCode.ERROR if is_down else StatusCode.UNSET)
    assert span.status.description == ("OSError: secret=<secret>" if is_down else None)


def test_tokens_are_counted_by_cache_and_never_fall(issuer: Issuer) -> None:
    with recorded() as told:
        before = {point["cache"]: value for point, value in told.points("torii.tokens")}
        verifier: Optional[Verifier] = Verifier(URL, fetch=issuer.fetch, clock=Clock())
        token = issuer.token()
        for _ in range(5):
            assert verifier is not None and verifier.verify(token)
        for _ in range(2):
            after = {point["cache"]: value for point, value in told.points("torii.tokens")}
            assert after == {"hit": before["hit"] + 4, "miss": before["miss"] + 1}
            # Its counts are not lost with it.
            verifier = None


def test_a_verifier_with_a_wrong_setting_does_not_hide_the_others() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Verifier(URL, max_stale=-1)
    with recorded() as told:
        assert [point["cache"] for point, _ in told.points("torii.tokens")] == ["hit", "miss"]
    # Until here, it was alive: an error tracker keeps the frames of an error, too.
    assert caught.traceback


def test_the_age_of_keys_is_told_by_issuer(issuer: Issuer) -> None:
    with recorded() as told:
        verifier = Verifier(URL, fetch=issuer.fetch, clock=Clock())
        verifier.warm()
        ages = {point["torii.issuer"]: value for point, value in told.points("torii.keys.age")}
    assert ages[URL] >= 0
    assert verifier.stats().keys_age is not None


def test_issuers_beyond_a_hundred_are_one(monkeypatch: pytest.MonkeyPatch, issuer: Issuer) -> None:
    ages = {f"https://tenant-{number:03}.torii.so": float(number) for number in range(250)}
    monkeypatch.setattr(totals, "ages_of_keys", lambda: ages)
    with recorded() as told:
        points = told.points("torii.keys.age")
    assert len(points) == 101
    assert ({"torii.issuer": "_OTHER"}, 249.0) in points


def test_each_call_of_the_rest_api_is_a_span_below_that_of_its_caller(torii: Emulator) -> None:
    with recorded() as told:
        client = ToriiClient(secret_key=torii.secret_key, api_url=torii.api_url)
        with client, told.tracers.get_tracer("app").start_as_current_span("job") as job:
            client.users.list()
            with pytest.raises(NotFound):
                client.users.get(NOBODY)
        points = told.points("torii.api.duration")
        found, missing = told.span("POST /users/search"), told.span("GET /users/{user_id}")
    operation = {"torii.operation": "GET /users/{user_id}", "http.response.status_code": 404}
    assert points == [
        ({"torii.operation": "POST /users/search", "http.response.status_code": 200}, 1),
        ({**operation, "error.type": "404"}, 1),
    ]
    assert {span.parent.span_id for span in (found, missing) if span.parent} == {
        job.get_span_context().span_id
    }
    assert missing.status.status_code is StatusCode.ERROR
    assert found.start_time is not None and found.end_time is not None
    assert 0 < found.end_time - found.start_time < WATCHDOG * 1e9
    assert NOBODY not in f"{missing.to_json()}"


@pytest.mark.parametrize("error", ["timeout", "connection"])
def test_a_call_without_a_response_has_a_type_of_error(error: Any) -> None:
    with recorded() as told:
        tell(ApiCalled("GET /users/{user_id}", None, 0.5, 3, None, error))
        points, span = told.points("torii.api.duration"), told.span("GET /users/{user_id}")
    attributes = {"torii.operation": "GET /users/{user_id}", "error.type": error}
    assert points == [(attributes, 1)]
    assert dict(span.attributes or {}) == {**attributes, "http.request.resend_count": 2}


class _Blocking(SpanExporter):
    """An exporter whose collector hangs."""

    def __init__(self) -> None:
        self.begun, self.release = threading.Event(), threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:  # noqa: ARG002
        self.begun.set()
        assert self.release.wait(WATCHDOG)
        return SpanExportResult.SUCCESS


def test_an_exporter_that_blocks_delays_no_request(issuer: Issuer) -> None:
    exporter = _Blocking()
    with recorded() as told:
        told.tracers.add_span_processor(SimpleSpanProcessor(exporter))
        guards = [
            Authenticator(verifier=Verifier(URL, fetch=issuer.fetch, clock=Clock()))
            for _ in range(12)
        ]
        try:
            for guard in guards:
                assert guard.authenticate(_bearer(issuer.token()))
                assert exporter.begun.wait(WATCHDOG)
        finally:
            exporter.release.set()


def test_labels_are_of_closed_sets(issuer: Issuer) -> None:
    """Whatever a client sends, so that nobody can fill the store of metrics."""
    guard = Authenticator(verifier=Verifier(URL, fetch=issuer.fetch, clock=Clock()))
    with recorded() as told, observed(Refused) as heard:
        for number in range(300):
            headers = {
                "authorization": f"Bearer {issuer.odd_token(header={'kid': f'kid-{number}'})}"
            }
            guard.response_to(InvalidToken("unknown_key"), headers)
            _refuse(guard, _bearer(f"{number}.{number}.{number}"))
            _refuse(guard, {"authorization": f"Bearer a{number} b"})

            class Own(ToriiAuthError):
                reason = f"own-{number}"
                status = 401

            guard.response_to(Own(), {}, adapter="flask")
        points = told.points("torii.refusals")
    reasons = {point["torii.reason"] for point, _ in points}
    assert reasons == {"unknown_key", "malformed", "invalid_request", "_OTHER"}
    assert {event.reason for event in heard.events} == reasons
    assert len(points) == 4


def test_every_reason_of_a_token_is_known() -> None:
    assert {*get_args(InvalidTokenReason)} < REASONS


def test_the_names_of_metrics(torii: Emulator) -> None:
    with recorded() as told:
        guard = Authenticator(issuer=torii.issuer)
        guard.authenticate(_bearer(torii.issue_token().access_token))
        guard.response_to(MissingCredentials(), {})
        tell(KeysFetchFailed(URL, 0.1, "down", 1, 1.0, None))
        tell(ApiCalled("GET /users/{user_id}", 200, 0.5, 1, None, None))
        with observed(KeysFetched) as heard:
            tell(KeysFetched(URL, 0.1, 1, changed=True))
            heard.wait()
        assert told.names() == {
            "torii.api.duration",
            "torii.keys.age",
            "torii.keys.fetches",
            "torii.refusals",
            "torii.tokens",
        }


def test_undo_ends_it() -> None:
    told = Recorded()
    undo = instrument(told.tracers, told.meters, user_id=True)
    undo()
    undo()
    assert SLOTS.refused is None and SLOTS.admitted is None and SLOTS.api_called is None
    Authenticator(issuer=URL).response_to(MissingCredentials(), {})
    assert told.names() <= {"torii.tokens", "torii.keys.age"}
    assert told.points("torii.tokens") == []


def test_the_last_call_counts() -> None:
    first, second = Recorded(), Recorded()
    instrument(first.tracers, first.meters)
    undo = instrument(second.tracers, second.meters)
    Authenticator(issuer=URL).response_to(MissingCredentials(), {})
    undo()
    assert (len(first.points("torii.refusals")), len(second.points("torii.refusals"))) == (0, 1)


def test_without_providers_it_does_nothing_that_can_fail(issuer: Issuer) -> None:
    undo = instrument(user_id=True)
    guard = Authenticator(verifier=Verifier(URL, fetch=issuer.fetch, clock=Clock()))
    assert guard.authenticate(_bearer(issuer.token()))
    _refuse(guard, {})
    undo()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"tracer_provider": MeterProvider()}, "tracer_provider must be a TracerProvider"),
        ({"meter_provider": TracerProvider()}, "meter_provider must be a MeterProvider"),
        ({"user_id": "yes"}, "user_id must be"),
    ],
    ids=["tracer_provider", "meter_provider", "user_id"],
)
def test_arguments_that_are_wrong(arguments: Any, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        instrument(**arguments)


def test_listeners_of_your_own_see_the_span_of_the_request(torii: Emulator) -> None:
    found: list[trace.Span] = []
    undo = observe(lambda _: found.append(trace.get_current_span()), Admitted)
    with recorded() as told, told.tracers.get_tracer("app").start_as_current_span("GET /") as span:
        token = torii.issue_token().access_token
        Authenticator(issuer=torii.issuer).authenticate(_bearer(token))
    undo()
    assert found == [span]
