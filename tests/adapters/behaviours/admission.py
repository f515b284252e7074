"""`required=False`: a request without a token passes, and one with a bad token doesn't."""

from __future__ import annotations

from tests.adapters.contract import Guard, behaviour
from tests.adapters.messages import Request, authorization, bearer


@behaviour
def optional_sign_in_passes_requests_without_bearer_credentials(guard: Guard) -> None:
    for request in (Request(), authorization(""), authorization("Basic YWRhOmFkYQ==")):
        guard.admits(request, None, required=False)


@behaviour
def optional_sign_in_accepts_a_good_token(guard: Guard) -> None:
    guard.admits(guard.good(), required=False)


@behaviour
def optional_sign_in_refuses_a_bad_token(guard: Guard) -> None:
    tokens = guard.issuers.refused()
    for name in ("expired", "alg_none", "wrong_issuer"):
        token, refusal = tokens[name]
        guard.refuses(bearer(token), refusal, required=False)


@behaviour
def optional_sign_in_refuses_malformed_credentials(guard: Guard) -> None:
    guard.refuses(authorization("Bearer"), "malformed_credentials", required=False)


@behaviour
def optional_sign_in_refuses_several_credentials(guard: Guard) -> None:
    joined = authorization(f"Basic YWRhOmFkYQ==, Bearer {guard.token()}")
    guard.refuses(joined, "several_credentials", required=False)
    response = guard.call(authorization("Bearer a", "Bearer b"), required=False)
    assert response.status == 400


@behaviour
def optional_sign_in_refuses_tokens_without_keys(guard: Guard) -> None:
    down = guard.issuers.down
    request = bearer(down.issue_token().access_token)
    guard.refuses(request, "keys_unavailable", issuer=down.issuer, required=False)
    guard.admits(Request(), None, issuer=down.issuer, required=False)
