"""Which headers carry a bearer token, and which are refused before any token is looked at."""

from __future__ import annotations

from tests.adapters.application import METHODS
from tests.adapters.contract import Guard, behaviour, behaviours
from tests.adapters.messages import Request, authorization


@behaviour
def no_credentials_are_refused(guard: Guard) -> None:
    guard.refuses(Request(), "no_credentials")


@behaviours(
    empty="",
    basic="Basic YWRhOnNlY3JldA==",
    digest='Digest username="ada", realm="x", uri="/me", response="00"',
    glued="Bearertoken",
    scheme_of_longer_name="BearerX token",
)
def credentials_of_another_scheme_count_as_none(guard: Guard, value: str) -> None:
    guard.refuses(authorization(value), "no_credentials")


@behaviours(
    alone="Bearer",
    with_space="Bearer ",
    with_spaces="Bearer    ",
    lower_case="bearer",
    two_words="Bearer a b",
    comma="Bearer a,b",
    quoted='Bearer "a"',
    padding_alone="Bearer ==",
    padding_inside="Bearer a=b",
    not_ascii="Bearer t\u00f6ken",
)
def malformed_bearer_credentials_are_refused(guard: Guard, value: str) -> None:
    guard.refuses(authorization(value), "malformed_credentials")


@behaviours(
    both_good=lambda token: (f"Bearer {token}", f"Bearer {token}"),
    good_then_bad=lambda token: (f"Bearer {token}", "Bearer x"),
    good_then_basic=lambda token: (f"Bearer {token}", "Basic YWRhOmFkYQ=="),
    basic_then_good=lambda token: ("Basic YWRhOmFkYQ==", f"Bearer {token}"),
    good_then_empty=lambda token: (f"Bearer {token}", ""),
)
def two_authorization_headers_are_refused(guard: Guard, values: object) -> None:
    assert callable(values)
    request = authorization(*values(guard.token()))
    response = guard.call(request)
    assert response.status == 400
    challenge = response.header("www-authenticate")
    assert challenge is not None and 'error="invalid_request"' in challenge
    # Joined by the server, two tokens look like one malformed token: the sentence may differ.
    said = "malformed" if "malformed" in challenge else "several"
    guard.assert_refused(response, f"{said}_credentials")


@behaviour
def credentials_that_a_proxy_joined_are_refused(guard: Guard) -> None:
    token = guard.token()
    guard.refuses(authorization(f"Bearer {token}, Bearer {token}"), "malformed_credentials")
    guard.refuses(authorization(f"Basic YWRhOmFkYQ==, Bearer {token}"), "several_credentials")


@behaviours(lower="bearer", upper="BEARER", odd="bEaReR")
def the_scheme_counts_in_any_case(guard: Guard, scheme: str) -> None:
    guard.admits(authorization(f"{scheme} {guard.token()}"))


@behaviours(lower="authorization", upper="AUTHORIZATION", odd="aUTHORIZATION")
def the_header_counts_in_any_case(guard: Guard, name: str) -> None:
    guard.admits(Request(headers=((name, f"Bearer {guard.token()}"),)))


@behaviours(
    scope_key="torii.auth",
    title="Torii-Auth",
    extension="X-Torii-Auth",
    user="X-User-Id",
    remote_user="Remote-User",
)
def headers_named_like_our_own_keys_change_nothing(guard: Guard, name: str) -> None:
    guard.refuses(Request(headers=((name, "x"),)), "no_credentials")
    token = ("Authorization", f"Bearer {guard.token()}")
    guard.admits(Request(headers=((name, "grace"), token, (name, "grace"))))
    guard.admits(Request(headers=((name, "grace"),)), None, required=False)


@behaviours(
    proxy="Proxy-Authorization",
    extension="X-Authorization",
    forwarded="X-Forwarded-Authorization",
    wsgi_spelling="HTTP_AUTHORIZATION",
    wsgi_spelling_dashed="Http-Authorization",
)
def a_token_in_another_header_does_not_count(guard: Guard, name: str) -> None:
    guard.refuses(Request(headers=((name, f"Bearer {guard.token()}"),)), "no_credentials")


@behaviour
def a_token_in_query_or_cookie_does_not_count(guard: Guard) -> None:
    token = guard.token()
    guard.refuses(Request(f"/me?access_token={token}"), "no_credentials")
    guard.refuses(Request(headers=(("Cookie", f"access_token={token}"),)), "no_credentials")


@behaviours(**{method.lower(): method for method in METHODS})
def every_method_is_guarded(guard: Guard, method: str) -> None:
    guard.refuses(Request(method=method), "no_credentials")
    guard.refuses(authorization("Bearer", method=method), "malformed_credentials")
    response = guard.call(guard.good(method=method))
    assert response.status == 200
    assert response.header("content-type") == "application/json"
    assert method == "HEAD" or response.json()["user_id"] == "ada"


@behaviours(not_found="/nowhere", root="/", static="/static/x", favicon="/favicon.ico")
def every_path_is_guarded(guard: Guard, target: str) -> None:
    guard.refuses(Request(target), "no_credentials")
    guard.admits(guard.good(target))
