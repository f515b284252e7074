"""What the application does behind the guard is its own business."""

from __future__ import annotations

from tests.adapters.application import CHUNKS
from tests.adapters.contract import Guard, behaviour, behaviours
from tests.adapters.messages import Request, Response


def _assert_crashed(response: Response) -> None:
    assert response.status == 500
    assert response.header("www-authenticate") is None
    assert b"authentication_failed" not in response.body


@behaviour
def an_exception_of_the_application_is_no_refusal(guard: Guard) -> None:
    _assert_crashed(guard.call(guard.good("/boom")))
    _assert_crashed(guard.call(Request("/boom"), required=False))
    _assert_crashed(guard.call(Request("/boom"), exempt=["/boom"]))


@behaviours(required=True, optional=False)
def an_auth_error_of_the_application_is_no_refusal(guard: Guard, required: bool) -> None:
    _assert_crashed(guard.call(guard.good("/auth-error"), required=required))


@behaviour
def on_error_does_not_hear_of_errors_of_the_application(guard: Guard) -> None:
    heard: list[Exception] = []
    for target in ("/boom", "/auth-error"):
        _assert_crashed(guard.call(guard.good(target), on_error=heard.append))
    assert heard == []


@behaviours(crash="/boom", auth_error="/auth-error", stream="/stream")
def the_application_is_not_reached_without_a_token(guard: Guard, target: str) -> None:
    guard.refuses(Request(target), "no_credentials")


@behaviour
def a_stream_knows_its_user_to_the_end(guard: Guard) -> None:
    response = guard.call(guard.good("/stream"))
    assert (response.status, response.body) == (200, b"ada\n" * CHUNKS)


@behaviour
def a_stream_to_nobody_knows_that_to_the_end(guard: Guard) -> None:
    for response in (
        guard.call(Request("/stream"), required=False),
        guard.call(Request("/stream"), exempt=["/stream"]),
    ):
        assert (response.status, response.body) == (200, b"nobody\n" * CHUNKS)


@behaviour
def a_stream_is_passed_on_chunk_by_chunk(guard: Guard) -> None:
    assert guard.call(guard.good("/stream")).chunks == (b"ada\n",) * CHUNKS
