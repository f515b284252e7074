"""Every adapter receives webhooks alike, to the byte."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Callable, Optional

import pytest

from tests.events.deliveries import SECRET, body, signed
from tests.installed import is_left_out
from torii_backend import Event, Events, current_auth

from . import receivers
from .delivery import Post, Serve
from .messages import Response

MAX_BYTES = 100_000
NAMES = [module.name for module in iter_modules(receivers.__path__)]
FORMS = ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]


@pytest.fixture(params=NAMES)
def build(request: pytest.FixtureRequest) -> Callable[..., Serve]:
    try:
        module: Any = import_module(f"{receivers.__name__}.{request.param}")
    except ModuleNotFoundError as error:
        if not is_left_out(error.name or ""):
            raise
        pytest.skip(f"{error.name} is not installed")
    made: Callable[..., Serve] = module.build
    return made


class Handled:
    """Events, and what their handler has seen."""

    def __init__(self) -> None:
        self.events = Events(SECRET, max_bytes=MAX_BYTES)
        self.seen: list[tuple[str, Any]] = []
        self.events.on("user.*")(self._see)

    def _see(self, event: Event) -> None:
        self.seen.append((event.type, current_auth("no guard")))
        if event.type == "user.banned":
            raise RuntimeError


def post(payload: bytes, *, headers: Optional[dict[str, str]] = None, **fields: Any) -> Post:
    headers = signed(payload) if headers is None else headers
    return Post(headers, [payload], **{"length": len(payload), **fields})


def shown(response: Response) -> tuple[int, Optional[str], bytes]:
    assert response.header("location") is None
    return response.status, response.header("content-type"), response.body


def _as_json(status: int, content: str) -> tuple[int, str, bytes]:
    return status, "application/json", content.encode()


def _refused(status: int, code: str, message: str) -> tuple[int, str, bytes]:
    return _as_json(status, f'{{"error":{{"code":"{code}","message":"{message}"}}}}')


OK = _as_json(200, '{"status":"ok"}')
DUPLICATE = _as_json(200, '{"status":"duplicate"}')
REFUSED = _refused(400, "invalid_webhook", "The delivery was refused.")
TOO_LARGE = _refused(413, "too_large", "The body of the delivery is too large.")
INCOMPLETE = _refused(400, "incomplete_body", "The body of the delivery is incomplete.")
CONSUMED = _refused(500, "body_consumed", "The body of the delivery could not be read.")
FAILED = _refused(500, "handler_failed", "The event could not be handled.")


def test_a_delivery_is_handled_once_behind_the_guard(build: Callable[..., Serve]) -> None:
    handled = Handled()
    serve = build(handled.events)
    assert shown(serve(post(body()))[0]) == OK
    assert shown(serve(post(body()))[0]) == DUPLICATE
    assert handled.seen == [("user.deleted", None)]


@pytest.mark.parametrize("authorization", ["Bearer not.a.token", "Basic eDp5", "Bearer "])
def test_a_token_does_not_matter(build: Callable[..., Serve], authorization: str) -> None:
    handled = Handled()
    headers = {**signed(body()), "Authorization": authorization}
    assert shown(build(handled.events)(post(body(), headers=headers))[0]) == OK


@pytest.mark.parametrize("content_type", FORMS)
def test_the_body_is_read_before_any_parser(build: Callable[..., Serve], content_type: str) -> None:
    handled = Handled()
    response, _ = build(handled.events)(post(body(), content_type=content_type))
    assert (shown(response), len(handled.seen)) == (OK, 1)


def test_a_body_in_chunks_is_handled(build: Callable[..., Serve]) -> None:
    handled, payload = Handled(), body(more="x" * 70_000)
    chunks = [payload[:30], b"", payload[30:]]
    response, _ = build(handled.events)(Post(signed(payload), chunks))
    assert (shown(response), len(handled.seen)) == (OK, 1)


@pytest.mark.parametrize(
    "headers",
    [{}, signed(body("user.created")), {**signed(body()), "webhook-signature": "v1,\xff"}],
    ids=["unsigned", "other body", "hostile"],
)
def test_what_is_not_signed_is_refused(
    build: Callable[..., Serve], headers: dict[str, str]
) -> None:
    handled = Handled()
    assert shown(build(handled.events)(post(body(), headers=headers))[0]) == REFUSED
    assert handled.seen == []


def test_a_handler_that_fails_is_a_500(build: Callable[..., Serve]) -> None:
    handled = Handled()
    assert shown(build(handled.events)(post(body("user.banned")))[0]) == FAILED


def test_a_body_that_is_declared_too_large_is_not_read(build: Callable[..., Serve]) -> None:
    handled, payload = Handled(), body(more="x" * MAX_BYTES)
    response, read = build(handled.events)(post(payload))
    assert (shown(response), handled.seen) == (TOO_LARGE, [])
    assert read in {0, len(payload)}, "Django reads all of it under ASGI, before it calls a view"


@pytest.mark.parametrize("length", [None, 10], ids=["chunked", "declared too small"])
def test_reading_stops_at_the_limit(
    build: Callable[..., Serve], length: Optional[int], request: Any
) -> None:
    name = request.node.callspec.params["build"]
    payload = body(more="x" * MAX_BYTES * 3)
    chunks = [payload[start : start + 1000] for start in range(0, len(payload), 1000)]
    handled = Handled()
    response, read = build(handled.events)(Post(signed(payload), chunks, length))
    assert (response.status >= 400, handled.seen) == (True, [])
    if name != "django_asgi":
        assert read <= MAX_BYTES + 1000


def test_nothing_runs_if_the_client_goes_away(build: Callable[..., Serve], request: Any) -> None:
    handled, payload = Handled(), body()
    cut = post(payload)._replace(chunks=[payload[:-5]], is_cut=True)
    if request.node.callspec.params["build"] == "django_asgi":
        with pytest.raises(AssertionError, match="no end"):
            build(handled.events)(cut)
    else:
        assert shown(build(handled.events)(cut)[0]) == INCOMPLETE
    assert handled.seen == []


def test_a_body_that_was_read_before_is_said_in_the_log(
    build: Callable[..., Serve], caplog: pytest.LogCaptureFixture
) -> None:
    handled = Handled()
    serve = build(handled.events, consumed=True)
    part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + body() + b"\r\n--x--\r\n"
    form = post(part, content_type="multipart/form-data; boundary=x")
    with caplog.at_level(logging.WARNING, "torii_backend.events"):
        responses: Sequence[Response] = [serve(form)[0] for _ in range(3)]
    assert [shown(each) for each in responses] == [CONSUMED] * 3
    said = [each for each in caplog.messages if "read the body" in each]
    assert (len(said), handled.seen) == (1, [])


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_other_methods_are_not_allowed(
    build: Callable[..., Serve], method: str, request: Any
) -> None:
    handled = Handled()
    if request.node.callspec.params["build"] == "flask_app":
        pytest.skip("Flask routes other methods elsewhere, where its guard refuses them")
    response, _ = build(handled.events)(post(body(), method=method))
    assert (response.status, response.header("allow"), handled.seen) == (405, "POST", [])
