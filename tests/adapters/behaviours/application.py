"""Errors and streams of the application pass through the guard unchanged."""

from __future__ import annotations

from tests.adapters.application import CHUNKS
from tests.adapters.contract import Guard, behaviour
from tests.adapters.messages import Request, Response, bearer
from torii_backend import RefusalResponse, ToriiAuthError


def teapot(refusal: ToriiAuthError) -> RefusalResponse:
    return RefusalResponse(
        418, (("Content-Type", "text/plain"), ("X-Tea", "green")), str(refusal).encode()
    )


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


_DENIED = (
    403,
    b'{"error":{"code":"permission_denied","message":"This is not yours."}}',
    'Bearer realm="torii", error="insufficient_scope", error_description="This is not yours."',
)
_NO_PLAN = "The access token has a claim of the wrong type or value."
_MISMATCH = (
    401,
    b'{"error":{"code":"authentication_failed","message":"%s","reason":"invalid_claim"}}'
    % _NO_PLAN.encode(),
    f'Bearer realm="torii", error="invalid_token", error_description="{_NO_PLAN}"',
)


@behaviour
def a_view_may_refuse_a_request(guard: Guard) -> None:
    """By raising PermissionDenied, or the InvalidToken of `claims_as`."""
    for required in (True, False):
        app = guard.serving(required=required)
        for target, (status, body, challenge) in (("/denied", _DENIED), ("/claims", _MISMATCH)):
            response = app(guard.good(target))
            assert (response.status, response.body) == (status, guard.enveloped(body))
            assert response.header("www-authenticate") == challenge
    guard.assert_admitted(app(bearer(guard.token(plan="pro"), "/claims")))


@behaviour
def on_error_may_replace_the_refusal_of_a_view(guard: Guard) -> None:
    response = guard.call(guard.good("/denied"), on_error=teapot)
    assert (response.status, response.header("x-tea")) == (418, "green")


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
