"""Staged responses: the next calls of a route fail, as the REST API documents its errors."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest

from torii_backend import ToriiApiError, ToriiClient
from torii_backend.client.errors import (
    Conflict,
    Forbidden,
    PaymentRequired,
    RateLimited,
    ServerError,
)
from torii_backend.emulator import Emulator

from .conftest import Wire
from .rest.api import api_of, problem

JWKS = "/_torii/.well-known/jwks.json"
Stage = Callable[..., None]


@pytest.fixture(params=["python", "http"])
def stage(request: pytest.FixtureRequest, torii: Emulator, wire: Wire) -> Stage:
    """Stage in process or over the admin API."""

    def over_http(method: str, path: str, status: Any, **options: Any) -> None:
        options = {
            "retryAfter" if name == "retry_after" else name: options[name] for name in options
        }
        body = {"method": method, "path": path, "status": status, **options}
        response = wire.post("/_emulator/faults", body)
        assert (response.status, response.json()) == (200, {})

    return torii.stage_response if request.param == "python" else over_http


@pytest.fixture
def client(torii: Emulator) -> Iterator[ToriiClient]:
    with ToriiClient(torii.secret_key, api_url=torii.api_url, max_retries=2) as client:
        yield client


def _requests(wire: Wire) -> list[tuple[str, int]]:
    requests = wire.get("/_emulator/requests").json()["requests"]
    return [(request["path"], request["status"]) for request in requests]


@pytest.mark.parametrize(
    ("status", "code"),
    [(402, "payment_required"), (403, "forbidden"), (409, "conflict"), (422, "unprocessable_content"),
     (429, "rate_limited"), (500, "internal_error"), (503, "unavailable")],
)  # fmt: skip
def test_the_next_call_of_the_route_gets_the_problem(
    torii: Emulator, stage: Stage, status: int, code: str
) -> None:
    api = api_of(torii)
    stage("POST", "/users", status)
    refused = api.request("POST", "/users", {})
    assert refused.status == status
    assert problem(refused)["code"] == code
    assert refused.headers["Retry-After"] == ("1" if status == 429 else None)
    assert api.found() == set()
    assert api.user()["id"]


def test_code_and_retry_after_can_be_chosen(torii: Emulator, stage: Stage) -> None:
    stage("patch", "/api/server/v1/invitations/{id}", 409, code="invitation_patch_conflict")
    stage("POST", "/users", 503, retry_after=7)
    api = api_of(torii)
    refused = api.error(409, "PATCH", f"/invitations/{api.invite()['id']}", {"publicMetadata": {}})
    assert refused["code"] == "invitation_patch_conflict"
    assert api.request("POST", "/users", {}).headers["Retry-After"] == "7"


def test_only_the_route_is_affected_and_its_ids_may_have_any_name(
    torii: Emulator, stage: Stage
) -> None:
    api = api_of(torii)
    user_id = api.user()["id"]
    stage("GET", "/users/{userId}", 500, times=2)
    api.ok("PATCH", f"/users/{user_id}", {"name": "Ada"})
    for _ in range(2):
        api.error(500, "GET", f"/users/{user_id}")
    assert api.read(user_id)["name"] == "Ada"


def test_what_is_staged_for_one_route_comes_in_turn(torii: Emulator, stage: Stage) -> None:
    stage("POST", "/users", 402, times=2)
    stage("POST", "/users", 500)
    statuses = [api_of(torii).request("POST", "/users", {}).status for _ in range(4)]
    assert statuses == [402, 402, 500, 201]


def test_a_tenant_host_route_answers_in_its_own_envelope(wire: Wire, stage: Stage) -> None:
    stage("GET", JWKS, 429, code="slow_down")
    response = wire.get(JWKS)
    assert response.status == 429
    assert response.json()["error"]["code"] == "slow_down"
    assert response.headers["Retry-After"] == "1"
    assert wire.get(JWKS).status == 200


def test_a_reset_ends_it(torii: Emulator, wire: Wire, stage: Stage) -> None:
    stage("GET", JWKS, 500, times=1000)
    assert wire.get(JWKS).status == 500
    torii.reset()
    assert wire.get(JWKS).status == 200


def test_slow_is_the_right_response_two_seconds_late(wire: Wire) -> None:
    jwks = wire.jwks()
    body = {"method": "GET", "path": JWKS, "status": "slow"}
    assert wire.post("/_emulator/faults", body).status == 200
    began = time.monotonic()
    assert wire.jwks() == jwks
    assert time.monotonic() - began >= 2


def test_a_reset_releases_a_slow_call(torii: Emulator, wire: Wire) -> None:
    torii.stage_response("GET", JWKS, "slow", times=1000)
    for _ in range(20):  # without the release this would take 40 seconds
        torii.stage_response("GET", JWKS, "slow")
        call = Thread(target=wire.get, args=(JWKS,))
        call.start()
        while call.is_alive():
            torii.reset()
            call.join(0.01)


def test_an_outage_uses_up_nothing(torii: Emulator, wire: Wire) -> None:
    torii.stage_response("GET", JWKS, 500)
    with torii.outage("html"):
        assert wire.get(JWKS).status == 200
    assert wire.get(JWKS).status == 500


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"status": 200}, "status must be slow or one of 400, "),
        ({"status": 418}, "status must be"),
        ({"status": "fast"}, "status must be slow or one of 400, "),
        ({"path": "/elsewhere"}, "path must be that of a call with this method"),
        ({"path": "/_emulator/tokens"}, "path must be"),
        ({"method": "GET"}, "path must be"),
        ({"times": 0}, "times must be a whole number from 1 to 1000."),
        ({"times": 1001}, "times must be"),
        ({"code": "<b>"}, "code must be a word in lower case"),
        ({"retryAfter": -1}, "retryAfter must be a whole number from 0 to 86400."),
    ],
)
def test_an_invalid_argument_is_a_400_that_names_it(wire: Wire, arguments: Any, words: str) -> None:
    body = {"method": "POST", "path": "/users", "status": 500, **arguments}
    response = wire.post("/_emulator/faults", body)
    assert response.status == 400
    assert response.message.startswith(words)


@pytest.mark.parametrize(
    "arguments", [("POST", "/users", True), ("POST", "/users", None), (None, "/users", 500), ("POST", None, 500)]
)  # fmt: skip
def test_arguments_of_other_types_are_value_errors(torii: Emulator, arguments: Any) -> None:
    with pytest.raises(ValueError, match=r"^(status|path) must be "):
        torii.stage_response(*arguments)


def test_at_most_100_responses_are_staged(torii: Emulator) -> None:
    for _ in range(100):
        torii.stage_response("POST", "/users", 500)
    with pytest.raises(ValueError, match="at most 100"):
        torii.stage_response("GET", JWKS, 500)
    torii.reset()
    torii.stage_response("GET", JWKS, 500)


def test_the_client_retries_a_429_and_a_503_and_then_succeeds(
    torii: Emulator, wire: Wire, client: ToriiClient
) -> None:
    torii.stage_response("POST", "/users", 429, times=2, retry_after=0)
    user = client.users.create()
    torii.stage_response("GET", "/users/{userId}", 503)
    assert client.users.get(user.id).id == user.id
    path = "/api/server/v1/users"
    read = f"{path}/{user.id}"
    assert _requests(wire) == [(path, 429), (path, 429), (path, 201), (read, 503), (read, 200)]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (402, PaymentRequired),
        (403, Forbidden),
        (409, Conflict),
        (422, ToriiApiError),
        (500, ServerError),
    ],
)
def test_the_client_raises_its_class_for_each_status(
    torii: Emulator, wire: Wire, client: ToriiClient, status: int, error: type[ToriiApiError]
) -> None:
    torii.stage_response("POST", "/users", status, code="some_code")
    with pytest.raises(error) as caught:
        client.users.create()
    assert (caught.value.status, caught.value.code) == (status, "some_code")
    assert len(_requests(wire)) == 1


def test_the_client_gives_up_after_its_retries(
    torii: Emulator, wire: Wire, client: ToriiClient
) -> None:
    torii.stage_response("POST", "/users", 429, times=5, retry_after=0)
    with pytest.raises(RateLimited) as caught:
        client.users.create()
    assert caught.value.code == "rate_limited"
    assert len(_requests(wire)) == 3


def test_before_the_start_nothing_can_be_staged() -> None:
    with pytest.raises(RuntimeError, match="was not started"):
        Emulator().stage_response("POST", "/users", 500)
