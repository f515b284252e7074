"""Which tokens pass, and how each of the others is refused."""

from __future__ import annotations

from tests.adapters.contract import Guard, behaviour, behaviours
from tests.adapters.messages import Request, authorization, bearer
from torii_backend import Verifier


@behaviour
def a_good_token_lets_its_user_in(guard: Guard) -> None:
    guard.admits(guard.good())


@behaviour
def the_injected_auth_is_the_one_that_current_auth_returns(guard: Guard) -> None:
    for user_id in ("ada", "grace"):
        document = guard.call(bearer(guard.token(user_id))).json()
        assert document == {"user_id": user_id, "current": user_id, "same": True}


_REFUSED = (
    "expired",
    "not_yet_valid",
    "wrong_issuer",
    "unknown_key",
    "forged_signature",
    "borrowed_signature",
    "short_signature",
    "alg_none",
    "alg_hs256",
    "too_long",
    "not_a_jwt",
    "two_parts",
    "wrong_type",
)


@behaviours(**{name: name for name in _REFUSED})
def a_bad_token_is_refused(guard: Guard, name: str) -> None:
    token, refusal = guard.issuers.refused()[name]
    guard.refuses(bearer(token), refusal)


@behaviour
def the_list_of_bad_tokens_is_complete(guard: Guard) -> None:
    assert sorted(guard.issuers.refused()) == sorted(_REFUSED)


@behaviours(get="GET", head="HEAD", post="POST", options="OPTIONS")
def a_bad_token_is_refused_whatever_the_method(guard: Guard, method: str) -> None:
    token = guard.issuers.token(expires_in=-3600)
    guard.refuses(bearer(token, method=method), "expired")


@behaviours(get="GET", head="HEAD", options="OPTIONS")
def missing_keys_are_an_outage_and_no_bad_token(guard: Guard, method: str) -> None:
    down = guard.issuers.down
    token = down.issue_token().access_token
    guard.refuses(bearer(token, method=method), "keys_unavailable", issuer=down.issuer)


@behaviour
def an_outage_does_not_hide_other_refusals(guard: Guard) -> None:
    down = guard.issuers.down
    guard.refuses(Request(), "no_credentials", issuer=down.issuer)
    guard.refuses(authorization("Bearer"), "malformed_credentials", issuer=down.issuer)
    guard.refuses(guard.good(), "wrong_issuer", issuer=down.issuer)


@behaviour
def an_audience_is_checked_where_one_is_configured(guard: Guard) -> None:
    request = bearer(guard.token(aud="shop"))
    guard.admits(request)
    guard.admits(request, audience="shop")
    guard.admits(request, audience=["blog", "shop"])
    guard.admits(bearer(guard.token(aud=["till", "shop"])), audience="shop")


@behaviour
def another_audience_is_refused(guard: Guard) -> None:
    guard.refuses(bearer(guard.token(aud="shop")), "wrong_audience", audience="blog")
    guard.refuses(guard.good(), "missing_claim", audience="blog")
    guard.refuses(bearer(guard.token(aud=7)), "invalid_claim", audience="blog")


@behaviour
def the_leeway_bounds_how_old_a_token_may_be(guard: Guard) -> None:
    old = bearer(guard.issuers.token(expires_in=-20))
    guard.admits(old)
    guard.refuses(old, "expired", leeway=0)
    older = bearer(guard.issuers.token(expires_in=-60))
    guard.refuses(older, "expired")
    guard.admits(older, leeway=600)


@behaviour
def several_issuers_may_be_trusted(guard: Guard) -> None:
    home, other, down = guard.issuers
    both = [home.issuer, other.issuer]
    guard.admits(guard.good(), issuer=both)
    guard.admits(bearer(other.issue_token(user_id="grace").access_token), "grace", issuer=both)
    guard.refuses(bearer(down.issue_token().access_token), "wrong_issuer", issuer=both)


@behaviour
def the_key_of_one_issuer_does_not_sign_for_another(guard: Guard) -> None:
    home, other, _ = guard.issuers
    token = other.issue_token(claims={"iss": home.issuer}).access_token
    guard.refuses(bearer(token), "unknown_key", issuer=[home.issuer, other.issuer])


@behaviour
def one_issuer_that_is_down_does_not_hurt_another(guard: Guard) -> None:
    home, _, down = guard.issuers
    both = [down.issuer, home.issuer]
    guard.admits(guard.good(), issuer=both)
    guard.refuses(bearer(down.issue_token().access_token), "keys_unavailable", issuer=both)


@behaviour
def a_slash_after_the_issuer_does_not_matter(guard: Guard) -> None:
    issuer = guard.issuers.home.issuer
    guard.admits(guard.good(), issuer=issuer + "/")
    guard.admits(bearer(guard.token(iss=issuer + "/")))


@behaviour
def a_verifier_may_be_shared(guard: Guard) -> None:
    verifier = Verifier(guard.issuers.home.issuer, audience="shop", leeway=0)
    guard.admits(bearer(guard.token(aud="shop")), verifier=verifier)
    guard.refuses(bearer(guard.token(aud="blog")), "wrong_audience", verifier=verifier)
