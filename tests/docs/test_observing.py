"""The recipes of docs/observing.md, put to use."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from tests.adapters.messages import Request
from tests.adapters.transport import call_wsgi
from tests.installed import is_left_out
from torii_backend import Authenticator, InvalidToken, ToriiAuthError
from torii_backend._guard.context import bind_auth, unbind_auth
from torii_backend._guard.request import WSGIRequest
from torii_backend.observing.slots import forget_listeners
from torii_backend.testing import ToriiFixture, make_auth

from .sections import run_sections


@pytest.fixture(autouse=True)
def _no_listeners() -> Iterator[None]:
    yield
    forget_listeners()


def _serve(guard: Authenticator, token: str) -> None:
    request = WSGIRequest(
        {"REQUEST_METHOD": "PUT", "PATH_INFO": "/a", "HTTP_AUTHORIZATION": f"Bearer {token}"}
    )
    try:
        guard.authenticate(request)
    except ToriiAuthError as refusal:
        guard.response_to(refusal, request, adapter="wsgi")


@pytest.mark.skipif(is_left_out("prometheus_client"), reason="for `tox -e frameworks`")
def test_prometheus(torii: ToriiFixture) -> None:
    page: Any = run_sections("observing.md", "## Prometheus", issuer=torii.issuer)
    token = torii.issue_token().access_token
    guard = Authenticator(verifier=page.verifier)
    for each in (token, token, "a.b.c"):
        _serve(guard, each)
    text = call_wsgi(page.metrics, Request("/metrics")).body.decode()
    assert 'torii_tokens_total{cache="hit"} 1.0' in text
    assert 'torii_tokens_total{cache="miss"} 2.0' in text
    assert 'torii_key_fetches_total{outcome="good"} 1.0' in text
    assert "torii_keys_age_seconds " in text
    assert 'torii_refusals_total{reason="malformed",status="401"} 1.0' in text


@pytest.mark.skipif(is_left_out("structlog"), reason="for `tox -e frameworks`")
def test_structlog(torii: ToriiFixture, capsys: pytest.CaptureFixture[str]) -> None:
    import structlog

    try:
        page = run_sections("observing.md", "## structlog", issuer=torii.issuer)
        _serve(Authenticator(issuer=torii.issuer), "a.b.c")
        token = bind_auth(make_auth("user_ada"))
        page.log.info("paid", amount=3)
        unbind_auth(token)
    finally:
        structlog.reset_defaults()
    refused, paid = map(json.loads, capsys.readouterr().out.splitlines())
    assert refused == {
        "adapter": "wsgi",
        "event": "refused",
        "method": "PUT",
        "reason": "malformed",
        "status": 401,
    }
    assert paid == {"amount": 3, "event": "paid", "user_id": "user_ada"}


def test_an_audit_log(torii: ToriiFixture, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "audit")
    page: Any = run_sections("observing.md", "## An audit log", issuer=torii.issuer)
    for role in ("admin", "member"):
        claims = {"org_id": "org_1", "org_role": role}
        _serve(page.guard, torii.issue_token(user_id="ada", claims=claims).access_token)
    page.guard.response_to(InvalidToken("expired"), {}, adapter="wsgi")
    assert [record.message for record in caplog.records if record.name == "audit"] == [
        "admitted ada",
        "denied ada: PUT /a",
        "refused role by wsgi",
        "refused expired by wsgi",
    ]
