"""How each kind of bad token is refused, and which options decide about tokens."""

from __future__ import annotations

from tests.adapters.contract import Guard, behaviour
from tests.adapters.messages import Request, authorization, bearer
from torii_backend import Revocations, RevocationsUnavailable, Verifier


@behaviour
def a_good_token_passes_and_its_auth_is_everywhere_the_same(guard: Guard) -> None:
    for user_id in ("ada", "grace"):
        guard.admits(bearer(guard.token(user_id)), user_id)


@behaviour
def every_kind_of_bad_token_is_refused(guard: Guard) -> None:
    app = guard.serving()
    for token, refusal in guard.issuers.refused().values():
        guard.assert_refused(app(bearer(token)), refusal)


@behaviour
def missing_keys_are_an_outage(guard: Guard) -> None:
    down = guard.issuers.down
    app = guard.serving(issuer=down.issuer)
    token = down.issue_token().access_token
    for method in ("GET", "HEAD", "OPTIONS"):
        response = app(bearer(token, method=method))
        guard.assert_refused(response, "keys_unavailable", head=method == "HEAD")
    guard.assert_refused(app(Request()), "no_credentials")
    guard.assert_refused(app(authorization("Bearer")), "malformed_credentials")


@behaviour
def the_audience_is_checked_if_one_is_configured(guard: Guard) -> None:
    request = bearer(guard.token(aud="shop"))
    guard.admits(request)
    guard.admits(request, audience="shop")
    guard.admits(request, audience=["blog", "shop"])
    guard.refuses(request, "wrong_audience", audience="blog")
    guard.refuses(guard.good(), "missing_claim", audience="blog")


@behaviour
def the_leeway_bounds_how_old_a_token_may_be(guard: Guard) -> None:
    old = bearer(guard.issuers.token(expires_in=-20))
    guard.admits(old)
    guard.refuses(old, "expired", leeway=0)


@behaviour
def several_issuers_may_be_trusted(guard: Guard) -> None:
    home, other, down = guard.issuers
    app = guard.serving(issuer=[home.issuer, other.issuer])
    guard.assert_admitted(app(guard.good()))
    guard.assert_admitted(app(bearer(other.issue_token(user_id="grace").access_token)), "grace")
    guard.assert_refused(app(bearer(down.issue_token().access_token)), "wrong_issuer")


@behaviour
def a_verifier_may_be_shared(guard: Guard) -> None:
    verifier = Verifier(guard.issuers.home.issuer, audience="shop", leeway=0)
    guard.admits(bearer(guard.token(aud="shop")), verifier=verifier)
    guard.refuses(bearer(guard.token(aud="blog")), "wrong_audience", verifier=verifier)


@behaviour
def a_revoked_token_is_refused(guard: Guard) -> None:
    revocations = Revocations()
    app = guard.serving(verifier=Verifier(guard.issuers.home.issuer, revocations=revocations))
    request = bearer(guard.token("ada"))
    guard.assert_admitted(app(request), "ada")
    revocations.revoke("ada")
    guard.assert_refused(app(request), "revoked")
    guard.assert_admitted(app(bearer(guard.token("grace"))), "grace")


class Unknown(Revocations):
    """Revocations whose store has been away for too long."""

    def warm(self) -> None:
        raise RevocationsUnavailable

    async def warm_async(self) -> None:
        raise RevocationsUnavailable


@behaviour
def if_it_is_unknown_which_tokens_are_revoked_none_is_accepted(guard: Guard) -> None:
    revocations = Unknown()
    app = guard.serving(verifier=Verifier(guard.issuers.home.issuer, revocations=revocations))
    guard.assert_admitted(app(guard.good()))
    revocations.fresh_until = 0.0
    for method in ("GET", "HEAD"):
        response = app(guard.good(method=method))
        guard.assert_refused(response, "revocations_unavailable", head=method == "HEAD")
    guard.assert_refused(app(bearer(guard.issuers.token(expires_in=-99))), "expired")
    revocations.revoke("ada")
    guard.assert_refused(app(guard.good()), "revoked")
