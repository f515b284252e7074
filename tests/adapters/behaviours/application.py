"""Errors and streams of the application pass through the guard unchanged."""

from __future__ import annotations

from tests.adapters.application import CHUNKS
from tests.adapters.contract import Guard, behaviour
from tests.adapters.messages import Request, Response


def _assert_crashed(response: Response) -> None:
    assert response.status == 500
    assert response.header("www-authenticate") is None
    assert b"authentication_failed" not in response.body


@behaviour
def an_exception_of_the_application_is_not_a_refusal(guard: Guard) -> None:
    _assert_crashed(guard.call(guard.good("/boom")))
    _assert_crashed(guard.call(Request("/boom"), required=False))
    _assert_crashed(guard.call(Request("/boom"), exempt=["/boom"]))


@behaviour
def an_auth_error_of_the_application_is_not_a_refusal(guard: Guard) -> None:
    for required in (True, False):
        _assert_crashed(guard.call(guard.good("/auth-error"), required=required))


@behaviour
def on_error_is_not_called_for_errors_of_the_application(guard: Guard) -> None:
    seen: list[Exception] = []
    for target in ("/boom", "/auth-error"):
        _assert_crashed(guard.call(guard.good(target), on_error=seen.append))
    assert seen == []


@behaviour
def a_refused_request_does_not_reach_the_application(guard: Guard) -> None:
    for target in ("/boom", "/auth-error", "/stream"):
        guard.refuses(Request(target), "no_credentials")
        guard.refuses(guard.good(target), "role", role="admin")


@behaviour
def a_stream_keeps_its_user_to_the_end(guard: Guard) -> None:
    response = guard.call(guard.good("/stream"))
    assert (response.status, response.body) == (200, b"ada\n" * CHUNKS)


@behaviour
def a_stream_without_a_user_stays_without_one(guard: Guard) -> None:
    for response in (
        guard.call(Request("/stream"), required=False),
        guard.call(Request("/stream"), exempt=["/stream"]),
    ):
        assert (response.status, response.body) == (200, b"nobody\n" * CHUNKS)


@behaviour
def a_stream_is_passed_on_chunk_by_chunk(guard: Guard) -> None:
    assert guard.call(guard.good("/stream")).chunks == (b"ada\n",) * CHUNKS
