"""`required=False`: who is let in without a token, and who is not."""

from __future__ import annotations

from tests.adapters.contract import Guard, behaviour, behaviours
from tests.adapters.messages import Request, authorization, bearer


@behaviour
def no_credentials_pass_as_nobody(guard: Guard) -> None:
    guard.admits(Request(), None, required=False)


@behaviours(basic="Basic YWRhOmFkYQ==", empty="", digest='Digest username="ada", realm="x"')
def another_scheme_passes_as_nobody(guard: Guard, value: str) -> None:
    guard.admits(authorization(value), None, required=False)


@behaviour
def a_good_token_still_counts(guard: Guard) -> None:
    guard.admits(guard.good(), required=False)


@behaviours(expired="expired", forged="forged_signature", none="alg_none", foreign="wrong_issuer")
def a_bad_token_never_passes_as_nobody(guard: Guard, name: str) -> None:
    token, refusal = guard.issuers.refused()[name]
    guard.refuses(bearer(token), refusal, required=False)


@behaviours(alone="Bearer", blank="Bearer  ", words="Bearer a b")
def malformed_credentials_never_pass_as_nobody(guard: Guard, value: str) -> None:
    guard.refuses(authorization(value), "malformed_credentials", required=False)


@behaviour
def several_credentials_never_pass_as_nobody(guard: Guard) -> None:
    token = guard.token()
    joined = authorization(f"Basic YWRhOmFkYQ==, Bearer {token}")
    guard.refuses(joined, "several_credentials", required=False)
    response = guard.call(authorization("Bearer a", "Bearer b"), required=False)
    assert response.status == 400


@behaviour
def an_outage_never_passes_as_nobody(guard: Guard) -> None:
    down = guard.issuers.down
    request = bearer(down.issue_token().access_token)
    guard.refuses(request, "keys_unavailable", issuer=down.issuer, required=False)
    guard.admits(Request(), None, issuer=down.issuer, required=False)


@behaviour
def required_true_is_the_default(guard: Guard) -> None:
    guard.refuses(Request(), "no_credentials", required=True)
    guard.admits(guard.good(), required=True)
