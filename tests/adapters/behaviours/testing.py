"""In a block of `torii_backend.testing` requests without credentials are those of the test's user."""

from __future__ import annotations

from tests.adapters.application import CHUNKS, METHODS
from tests.adapters.behaviours.application import teapot
from tests.adapters.behaviours.preflight import PREFLIGHT
from tests.adapters.contract import Guard, behaviour
from tests.adapters.messages import Request, authorization
from torii_backend import KeysUnavailable, Verifier
from torii_backend.testing import auth_as, refused, signed_out


@behaviour
def a_test_signs_a_user_in_without_a_token(guard: Guard) -> None:
    for required in (True, False):
        app = guard.serving(required=required)
        with auth_as("ada"):
            for method in METHODS:
                response = app(Request(method=method))
                assert response.status == 200
                if method != "HEAD":
                    guard.assert_admitted(response)
            stream = app(Request("/stream"))
        assert (stream.status, stream.body) == (200, b"ada\n" * CHUNKS)
    guard.refuses(Request(), "no_credentials")


@behaviour
def no_key_is_fetched_for_the_user_of_a_test(guard: Guard) -> None:
    verifier = Verifier("https://tenant.invalid")
    with auth_as("ada"):
        guard.admits(Request(), verifier=verifier)
    assert verifier.stats().fetches == 0


@behaviour
def the_user_of_a_test_has_to_meet_the_policy(guard: Guard) -> None:
    app = guard.serving(
        role="admin", organization="org_1", email_verified=True, claims={"plan": "pro"}
    )
    plan = {"plan": "pro"}
    with auth_as("ada", role="admin", organization="org_1", claims=plan):
        guard.assert_admitted(app(Request()))
        with auth_as("ada", role="admin", organization="org_1"):
            guard.assert_refused(app(Request()), "claim")
    with auth_as("ada", role="member", organization="org_1", claims=plan):
        guard.assert_refused(app(Request()), "role")
    with auth_as("ada", role="admin", claims=plan):
        guard.assert_refused(app(Request()), "organization")
    with auth_as("ada", role="admin", organization="org_1", claims=plan, email_verified=False):
        guard.assert_refused(app(Request()), "email_unverified")


@behaviour
def exempt_paths_and_preflight_requests_stay_without_the_user_of_a_test(guard: Guard) -> None:
    app = guard.serving(exempt=["/health"])
    with auth_as("ada"):
        guard.assert_admitted(app(Request("/health")), None)
        guard.assert_admitted(app(PREFLIGHT), None)


@behaviour
def a_token_counts_more_than_the_user_of_a_test(guard: Guard) -> None:
    app, bare = guard.serving(), guard.serving(header="x-access-token", scheme=None)
    with auth_as("grace"):
        guard.assert_admitted(app(guard.good()))
        guard.assert_refused(app(authorization("Bearer x")), "malformed")
        guard.assert_refused(app(authorization("Bearer")), "malformed_credentials")
        guard.assert_admitted(app(authorization("Basic YWRhOmFkYQ==")), "grace")
        guard.assert_admitted(bare(Request(headers=(("X-Access-Token", guard.token()),))))
        guard.assert_admitted(bare(guard.good()), "grace")


@behaviour
def a_test_signs_its_user_out_again(guard: Guard) -> None:
    app = guard.serving()
    with auth_as("ada"):
        with signed_out():
            guard.assert_refused(app(Request()), "no_credentials")
            guard.assert_admitted(app(guard.good()))
            guard.admits(Request(), None, required=False)
        guard.assert_admitted(app(Request()))


@behaviour
def a_test_lets_requests_be_refused(guard: Guard) -> None:
    for required in (True, False):
        app = guard.serving(required=required)
        with refused("expired"):
            guard.assert_refused(app(Request()), "expired")
            guard.assert_admitted(app(guard.good()))
        with refused(KeysUnavailable(7)):
            for _ in range(2):
                response = app(Request())
                guard.assert_refused(response, "keys_unavailable")
                assert response.header("retry-after") == "7"
        response = guard.call(Request(), required=required)
        assert response.status == (401 if required else 200)
    with refused("expired"):
        response = guard.call(Request(), on_error=teapot)
    assert (response.status, response.header("x-tea")) == (418, "green")
