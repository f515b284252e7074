"""Policies: which signed-in users pass."""

from __future__ import annotations

from typing import Any

from tests.adapters.contract import Guard, behaviour
from tests.adapters.messages import Request, authorization, bearer
from torii_backend import Policy, ToriiAuthError

from .preflight import PREFLIGHT

_MEMBER = {"org_id": "org_1", "org_role": "admin"}

# By refusal: the keywords, claims that meet them, and claims that don't.
_CASES: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "email_unverified": ({"email_verified": True}, {}, {"email_verified": False}),
    "profile_incomplete": ({"profile_complete": True}, {}, {"profile_complete": False}),
    "impersonation": ({"impersonation": "forbid"}, {}, {"act": {"sub": "eve"}}),
    "organization": ({"organization": ["org_0", "org_1"]}, _MEMBER, {"org_id": "org_10"}),
    "role": ({"role": {"admin", "owner"}}, _MEMBER, {**_MEMBER, "org_role": "Admin"}),
    "claim": ({"claims": {"plan": "pro"}}, {"plan": "pro"}, {"plan": "free"}),
}


class Reasons:
    """An `on_error` that notes the reasons."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, int]] = []

    def __call__(self, refusal: ToriiAuthError) -> None:
        self.seen.append((type(refusal).__name__, refusal.reason, refusal.status))


@behaviour
def a_user_who_meets_a_policy_passes(guard: Guard) -> None:
    for keywords, good, _ in _CASES.values():
        guard.admits(bearer(guard.token(**good)), **keywords)
        guard.admits(bearer(guard.token(**good)), policy=Policy(**keywords))


@behaviour
def a_user_who_fails_a_policy_is_refused(guard: Guard) -> None:
    for refusal, (keywords, _, bad) in _CASES.items():
        guard.refuses(bearer(guard.token(**bad)), refusal, **keywords)
        guard.refuses(bearer(guard.token(**bad)), refusal, policy=Policy(**keywords))


@behaviour
def on_error_sees_which_condition_refused(guard: Guard) -> None:
    for refusal, (keywords, _, bad) in _CASES.items():
        reasons = Reasons()
        guard.refuses(bearer(guard.token(**bad)), refusal, on_error=reasons, **keywords)
        assert reasons.seen == [("PermissionDenied", refusal, 403)]


@behaviour
def a_policy_and_keywords_both_hold(guard: Guard) -> None:
    app = guard.serving(policy=Policy(role="admin"), claims={"plan": "pro"})
    guard.assert_admitted(app(bearer(guard.token(**_MEMBER, plan="pro"))))
    guard.assert_refused(app(bearer(guard.token(**_MEMBER))), "claim")
    guard.assert_refused(app(bearer(guard.token(plan="pro"))), "role")


@behaviour
def a_policy_comes_after_the_token(guard: Guard) -> None:
    guard.refuses(Request(), "no_credentials", role="admin")
    guard.refuses(authorization("Bearer"), "malformed_credentials", role="admin")
    guard.refuses(bearer(guard.issuers.token(expires_in=-3600)), "expired", role="admin")
    down = guard.issuers.down
    undecided = bearer(down.issue_token().access_token)
    guard.refuses(undecided, "keys_unavailable", role="admin", issuer=down.issuer)


@behaviour
def a_policy_counts_for_signed_in_users_if_sign_in_is_optional(guard: Guard) -> None:
    guard.admits(Request(), None, required=False, role="admin")
    guard.admits(authorization("Basic YWRhOmFkYQ=="), None, required=False, role="admin")
    guard.admits(bearer(guard.token(**_MEMBER)), required=False, role="admin")
    guard.refuses(guard.good(), "role", required=False, role="admin")


@behaviour
def a_policy_does_not_apply_to_exempt_paths_and_preflight_requests(guard: Guard) -> None:
    guard.admits(guard.good("/health"), None, exempt=["/health"], role="admin")
    guard.admits(PREFLIGHT, None, role="admin")


@behaviour
def nothing_is_left_after_a_refusal_by_policy(guard: Guard) -> None:
    guard.forgets(guard.good(), 403, role="admin")
