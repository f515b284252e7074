"""Policies: who of the signed-in users may pass."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.adapters.contract import Guard, behaviour, behaviours
from tests.adapters.messages import Request, authorization, bearer
from torii_backend import Policy, ToriiAuthError

from .preflight import PREFLIGHT

_MEMBER = {"org_id": "org_1", "org_role": "admin"}


class Case(NamedTuple):
    """Keywords of a policy, with claims that meet it, claims that do not, and the refusal."""

    keywords: Any
    good: dict[str, Any]
    bad: dict[str, Any]
    refusal: str


_CASES = {
    "email_verified": Case(
        {"email_verified": True}, {}, {"email_verified": False}, "email_unverified"
    ),
    "email_verified_is_a_string": Case(
        {"email_verified": True}, {}, {"email_verified": "true"}, "email_unverified"
    ),
    "email_verified_is_null": Case(
        {"email_verified": True}, {}, {"email_verified": None}, "email_unverified"
    ),
    "profile_complete": Case(
        {"profile_complete": True}, {}, {"profile_complete": False}, "profile_incomplete"
    ),
    "profile_complete_is_one": Case(
        {"profile_complete": True}, {}, {"profile_complete": 1}, "profile_incomplete"
    ),
    "impersonating": Case(
        {"impersonation": "forbid"}, {}, {"impersonating": True}, "impersonation"
    ),
    "actor": Case({"impersonation": "forbid"}, {}, {"act": {"sub": "eve"}}, "impersonation"),
    "any_organization": Case({"organization": True}, _MEMBER, {}, "organization"),
    "one_organization": Case({"organization": "org_1"}, _MEMBER, {"org_id": "2"}, "organization"),
    "several_organizations": Case(
        {"organization": ["org_0", "org_1"]}, _MEMBER, {"org_id": "org_10"}, "organization"
    ),
    "role": Case({"role": "admin"}, _MEMBER, {**_MEMBER, "org_role": "org:admin"}, "role"),
    "role_in_capitals": Case({"role": "admin"}, _MEMBER, {**_MEMBER, "org_role": "Admin"}, "role"),
    "several_roles": Case({"role": {"admin", "owner"}}, _MEMBER, {}, "role"),
    "claim": Case({"claims": {"plan": "pro"}}, {"plan": "pro"}, {"plan": "free"}, "claim"),
    "claim_is_missing": Case({"claims": {"plan": {"pro", "team"}}}, {"plan": "team"}, {}, "claim"),
    "claim_of_another_type": Case({"claims": {"plan": True}}, {"plan": True}, {"plan": 1}, "claim"),
}


@behaviours(**_CASES)
def a_policy_lets_in_whom_it_names(guard: Guard, case: Case) -> None:
    guard.admits(bearer(guard.token(**case.good)), **case.keywords)
    guard.admits(bearer(guard.token(**case.good)), policy=Policy(**case.keywords))


@behaviours(**_CASES)
def a_policy_refuses_everybody_else(guard: Guard, case: Case) -> None:
    guard.refuses(bearer(guard.token(**case.bad)), case.refusal, **case.keywords)
    policy = Policy(**case.keywords)
    guard.refuses(bearer(guard.token(**case.bad)), case.refusal, policy=policy)


@behaviours(get="GET", head="HEAD", post="POST", options="OPTIONS", delete="DELETE")
def a_policy_counts_for_every_method(guard: Guard, method: str) -> None:
    guard.refuses(guard.good(method=method), "role", role="admin")


@behaviours(crash="/boom", stream="/stream", nowhere="/nowhere", odd="//me")
def the_application_is_not_reached_against_a_policy(guard: Guard, target: str) -> None:
    guard.refuses(guard.good(target), "role", role="admin")


@behaviour
def a_policy_and_keywords_both_hold(guard: Guard) -> None:
    both: Any = {"policy": Policy(role="admin"), "claims": {"plan": "pro"}}
    guard.admits(bearer(guard.token(**_MEMBER, plan="pro")), **both)
    guard.refuses(bearer(guard.token(**_MEMBER)), "claim", **both)
    guard.refuses(bearer(guard.token(plan="pro")), "role", **both)


@behaviour
def policies_may_be_combined(guard: Guard) -> None:
    both = Policy(role="admin") & Policy(claims={"plan": "pro"})
    guard.admits(bearer(guard.token(**_MEMBER, plan="pro")), policy=both)
    guard.refuses(bearer(guard.token(**_MEMBER)), "claim", policy=both)
    guard.refuses(bearer(guard.token(plan="pro")), "role", policy=both)


@behaviour
def every_keyword_at_once_holds(guard: Guard) -> None:
    keywords: Any = {key: value for case in _CASES.values() for key, value in case.keywords.items()}
    guard.admits(bearer(guard.token(**_MEMBER, plan=True)), **keywords)
    for case in _CASES.values():
        claims = {**_MEMBER, "plan": True, **case.bad}
        # Where another value of the claim counts, the case is not about it.
        if case.bad and case.refusal != "claim":
            assert guard.call(bearer(guard.token(**claims)), **keywords).status == 403


@behaviour
def a_bad_token_is_no_matter_of_policy(guard: Guard) -> None:
    guard.refuses(Request(), "no_credentials", role="admin")
    guard.refuses(authorization("Bearer"), "malformed_credentials", role="admin")
    guard.refuses(bearer(guard.issuers.token(expires_in=-3600)), "expired", role="admin")
    down = guard.issuers.down
    unjudged = bearer(down.issue_token().access_token)
    guard.refuses(unjudged, "keys_unavailable", role="admin", issuer=down.issuer)


@behaviour
def nobody_passes_a_policy_where_sign_in_is_optional(guard: Guard) -> None:
    guard.admits(Request(), None, required=False, role="admin")
    guard.admits(authorization("Basic YWRhOmFkYQ=="), None, required=False, role="admin")
    guard.admits(bearer(guard.token(**_MEMBER)), required=False, role="admin")


@behaviour
def a_user_against_a_policy_is_refused_where_sign_in_is_optional(guard: Guard) -> None:
    guard.refuses(guard.good(), "role", required=False, role="admin")


@behaviour
def exempt_paths_and_preflight_requests_meet_no_policy(guard: Guard) -> None:
    guard.admits(guard.good("/health"), None, exempt=["/health"], role="admin")
    guard.admits(PREFLIGHT, None, role="admin")


class Reasons:
    """An `on_error` that notes the reasons."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, int]] = []

    def __call__(self, refusal: ToriiAuthError) -> None:
        self.heard.append((type(refusal).__name__, refusal.reason, refusal.status))


@behaviour
def on_error_hears_which_condition_refused(guard: Guard) -> None:
    for case in _CASES.values():
        reasons = Reasons()
        request = bearer(guard.token(**case.bad))
        guard.refuses(request, case.refusal, on_error=reasons, **case.keywords)
        assert reasons.heard == [("PermissionDenied", case.refusal, 403)]


@behaviour
def nothing_is_left_after_a_refusal_by_policy(guard: Guard) -> None:
    guard.forgets(guard.good(), 403, role="admin")
