"""No function of ours shows Sentry the token of a request that a guard of a framework refuses."""

from __future__ import annotations

import json
from typing import Any, Callable, cast

import pytest
from fastapi import Request, WebSocket
from flask import Flask

from tests.support.jwks_server import run
from tests.support.sentry import event_of
from torii_backend.fastapi import require_auth
from torii_backend.flask import Torii

from .issuers import Issuers

HEADERS = [(b"authorization", b"Bearer hunter2")]


def fastapi(issuer: Any) -> None:
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [*HEADERS]}
    run(require_auth(issuer=issuer)(Request(scope)))


def websocket(issuer: Any) -> None:
    unused: Any = None
    scope = {"type": "websocket", "path": "/", "headers": [*HEADERS]}
    run(require_auth(issuer=issuer)(WebSocket(scope, unused, unused)))


def flask(issuer: Any) -> None:
    guard = Torii(issuer=issuer).guard()
    with Flask(__name__).test_request_context(headers={"Authorization": "Bearer hunter2"}):
        guard()


def flask_without_g(issuer: Any) -> None:
    app = Flask(__name__)
    app.app_ctx_globals_class = cast("Any", type("Closed", (), {"__slots__": ()}))
    guard = Torii(issuer=issuer).guard(required=False)
    with app.test_request_context(headers={"Authorization": "Basic hunter2"}):
        guard()


def fail(_: object) -> str:
    raise OSError("no tenants")


@pytest.mark.parametrize("failure", ["refused", "no issuer"])
@pytest.mark.parametrize("use", [fastapi, websocket, flask, flask_without_g])
def test_no_function_of_ours_shows_the_token(
    issuers: Issuers,
    use: Callable[[Any], None],
    failure: str,
) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 (each framework has its own)
        use(issuers.home.issuer if failure == "refused" else fail)
    event = event_of(caught.value)
    raised = [each["stacktrace"]["frames"] for each in event["exception"]["values"]]
    ours = [frame for frames in raised for frame in frames if "torii_backend" in frame["filename"]]
    assert ours
    assert "hunter2" not in json.dumps([frame["vars"] for frame in ours])
