"""Policy: who of the signed-in users may pass."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Callable, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fuzzing import fuzz
from tests.support.issuer import ABSENT, Issuer
from torii_backend import (
    Auth,
    Authenticator,
    ConfigurationError,
    PermissionDenied,
    Policy,
    PolicyOptions,
    Verifier,
)
from torii_backend._guard.options import checked_options

MINE = {"org_id": "org_1", "org_role": "admin"}


@pytest.fixture
def refusal(verifier: Verifier, issuer: Issuer) -> Callable[..., Optional[str]]:
    """What a policy refuses a token's claims with; the same whether it is waited for or awaited."""

    def refusal(policy: Policy, **claims: Any) -> Optional[str]:
        auth = verifier.verify(issuer.odd_token(**claims))
        reasons: list[Optional[str]] = []
        for enforce in (policy.enforce, lambda auth: asyncio.run(policy.enforce_async(auth))):
            try:
                enforce(auth)
            except PermissionDenied as denied:
                reasons.append(denied.reason)
            else:
                reasons.append(None)
        assert reasons[0] == reasons[1]
        return reasons[0]

    return refusal


Refusal = Callable[..., Optional[str]]


@pytest.mark.parametrize("value", [False, None, "true", 1, [True], {"a": 1}, ABSENT])
@pytest.mark.parametrize(
    ("claim", "reason"),
    [("email_verified", "email_unverified"), ("profile_complete", "profile_incomplete")],
)
def test_a_flag_passes_only_where_it_is_there_and_true(
    refusal: Refusal, claim: Any, reason: str, value: Any
) -> None:
    demanded: Any = {claim: True}
    policy = Policy(**demanded)
    assert refusal(policy, **{claim: True}) is None
    assert refusal(policy, **{claim: value}) == reason
    demanded[claim] = False
    assert refusal(Policy(**demanded), **{claim: value}) is None


@pytest.mark.parametrize("claims", [{"impersonating": True}, {"act": {"sub": "op"}}, {"act": None}])
def test_impersonation_is_forbidden(refusal: Refusal, claims: dict[str, Any]) -> None:
    assert refusal(Policy(impersonation="forbid"), **claims) == "impersonation"
    assert refusal(Policy(impersonation="allow"), **claims) is None
    assert refusal(Policy(impersonation="forbid"), impersonating=False) is None


@pytest.mark.parametrize(
    ("organization", "claims", "passes"),
    [
        (True, MINE, True),
        (True, {"o": "org_9"}, True),
        (True, {}, False),
        (False, {}, True),
        ("org_1", MINE, True),
        ("org_1", {"org_id": "org_2"}, False),
        ("org_1", {"org_id": "ORG_1"}, False),
        ("org_1", {}, False),
        ({"org_1", "org_2"}, {"org_id": "org_2"}, True),
        (["org_1", "org_2"], {"org_id": "org_3"}, False),
    ],
)
def test_the_organization(
    refusal: Refusal, organization: Any, claims: dict[str, Any], passes: bool
) -> None:
    assert refusal(Policy(organization=organization), **claims) == (
        None if passes else "organization"
    )


@pytest.mark.parametrize(
    ("role", "claims", "passes"),
    [
        ("admin", MINE, True),
        ("admin", {"org_id": "org_1", "org_role": "org:admin"}, False),
        ("org:administrator", {"o": {"id": "org_1", "role": "org:administrator"}}, True),
        ("admin", {"org_id": "org_1", "org_role": "Admin"}, False),
        ("admin", {"org_id": "org_1", "org_role": "admi"}, False),
        ("admin", {"org_id": "org_1"}, False),
        ("admin", {}, False),
        (("owner", "admin"), MINE, True),
        ({"owner"}, MINE, False),
    ],
)
def test_role_keys_are_exact_strings(
    refusal: Refusal, role: Any, claims: dict[str, Any], passes: bool
) -> None:
    assert refusal(Policy(role=role), **claims) == (None if passes else "role")


@pytest.mark.parametrize(
    ("accepted", "value", "passes"),
    [
        ({"pro", "team"}, "team", True),
        ({"pro", "team"}, "free", False),
        ("pro", "pro", True),
        ("pro", "p", False),
        ("pro", ["pro"], False),
        ("pro", {"pro": True}, False),
        ("pro", ABSENT, False),
        (True, True, True),
        (True, 1, False),
        (1, True, False),
        (1, 1, True),
        (1, 1.0, True),
        (0, False, False),
        (None, None, True),
        (None, ABSENT, False),
        ([None, "pro"], None, True),
    ],
)
def test_a_claim_has_one_of_the_values(
    refusal: Refusal, accepted: Any, value: Any, passes: bool
) -> None:
    assert refusal(Policy(claims={"plan": accepted}), plan=value) == (None if passes else "claim")


def test_each_of_several_claims_counts(refusal: Refusal) -> None:
    policy = Policy(claims={"plan": "pro", "seats": {1, 2}})
    assert refusal(policy, plan="pro", seats=2) is None
    assert refusal(policy, plan="pro", seats=3) == "claim"
    assert refusal(policy, plan="free", seats=2) == "claim"


def test_a_refusal_names_the_claim_and_no_value(verifier: Verifier, issuer: Issuer) -> None:
    auth = verifier.verify(issuer.odd_token(plan="secret-plan"))
    with pytest.raises(PermissionDenied) as denied:
        Policy(claims={"plan": "secret-wish"}).enforce(auth)
    assert "plan" in str(denied.value)
    assert "secret" not in str(denied.value)


@pytest.mark.parametrize(
    ("verdict", "message"),
    [
        (True, None),
        (False, "The signed-in user isn't allowed to do this."),
        ("Not on Sundays.", "Not on Sundays."),
        ("", ""),
    ],
)
@pytest.mark.parametrize("is_async", [False, True])
def test_a_check_decides(
    verifier: Verifier, issuer: Issuer, verdict: Any, message: Optional[str], is_async: bool
) -> None:
    auth = verifier.verify(issuer.token())
    asked: list[Auth] = []

    def check(auth: Auth) -> Any:
        asked.append(auth)
        return verdict

    async def check_async(auth: Auth) -> Any:
        await asyncio.sleep(0)
        return check(auth)

    policy = Policy(check=check_async if is_async else check)
    if message is None:
        asyncio.run(policy.enforce_async(auth))
    else:
        with pytest.raises(PermissionDenied) as denied:
            asyncio.run(policy.enforce_async(auth))
        assert (str(denied.value), denied.value.reason) == (message, "check")
    assert asked == [auth]


@pytest.mark.parametrize("verdict", [None, 1, 0, [], object(), b"no"])
def test_a_check_without_a_clear_verdict_is_an_error(
    verifier: Verifier, issuer: Issuer, verdict: Any
) -> None:
    auth = verifier.verify(issuer.token())
    policy = Policy(check=lambda _: verdict)
    with pytest.raises(ConfigurationError, match="True, False or a string"):
        policy.enforce(auth)
    with pytest.raises(ConfigurationError, match="True, False or a string"):
        asyncio.run(policy.enforce_async(auth))


def test_a_sync_guard_rejects_an_async_check(verifier: Verifier, issuer: Issuer) -> None:
    async def check(auth: Auth) -> bool:
        return True

    with pytest.raises(
        ConfigurationError,
        match=r"^check must not be async in this guard\. Pass a plain function\.$",
    ):
        Policy(check=check).enforce(verifier.verify(issuer.token()))


def test_an_async_check_may_be_any_awaitable(verifier: Verifier, issuer: Issuer) -> None:
    def check(auth: Auth) -> Awaitable[bool]:
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        future.set_result(True)
        return future

    auth = verifier.verify(issuer.token())
    asyncio.run(Policy(check=check).enforce_async(auth))


def test_the_check_is_asked_last(verifier: Verifier, issuer: Issuer) -> None:
    def check(auth: Auth) -> bool:
        raise AssertionError("asked")

    with pytest.raises(PermissionDenied) as denied:
        Policy(check=check, role="admin").enforce(verifier.verify(issuer.token()))
    assert denied.value.reason == "role"


def test_the_checks_of_combined_policies_are_asked_last_and_in_turn(
    verifier: Verifier, issuer: Issuer
) -> None:
    asked: list[str] = []

    def noting(name: str) -> Policy:
        def check(_: Auth) -> bool:
            asked.append(name)
            return True

        return Policy(check=check)

    both = noting("first") & Policy(role="admin") & noting("second") & Policy(organization=True)
    with pytest.raises(PermissionDenied) as denied:
        both.enforce(verifier.verify(issuer.token()))
    assert (denied.value.reason, asked) == ("role", [])
    with pytest.raises(PermissionDenied):
        asyncio.run(both.enforce_async(verifier.verify(issuer.token())))
    assert asked == []
    both.enforce(verifier.verify(issuer.odd_token(org_id="org_1", org_role="admin")))
    assert asked == ["first", "second"]


def test_a_check_in_policy_is_asked_after_the_keywords_beside_it(
    verifier: Verifier, issuer: Issuer
) -> None:
    def check(auth: Auth) -> bool:
        raise AssertionError("asked")

    guard = Authenticator(verifier=verifier, policy=Policy(check=check), role="admin")
    with pytest.raises(PermissionDenied) as denied:
        guard.authenticate({"authorization": f"Bearer {issuer.token()}"})
    assert denied.value.reason == "role"


def test_what_a_check_raises_goes_through(verifier: Verifier, issuer: Issuer) -> None:
    def check(auth: Auth) -> bool:
        raise PermissionDenied("Ask an admin.")

    with pytest.raises(PermissionDenied, match=r"^Ask an admin\.$"):
        Policy(check=check).enforce(verifier.verify(issuer.token()))


def test_combined_policies_demand_what_both_demand(refusal: Refusal) -> None:
    both = Policy(role={"admin", "owner"}) & Policy(role={"admin"}, email_verified=True)
    assert refusal(both, **MINE, email_verified=True) is None
    assert refusal(both, org_id="org_1", org_role="owner", email_verified=True) == "role"
    assert refusal(both, **MINE, email_verified=False) == "email_unverified"


def test_policies_are_equal_by_their_conditions() -> None:
    one = Policy(role=["a", "b"], claims={"x": 1, "y": {"p", "q"}}, email_verified=True)
    same = Policy(email_verified=True, claims={"y": ["q", "p"], "x": 1}, role={"b", "a"})
    assert one == same
    assert hash(one) == hash(same)
    assert len({one, same, one & same}) == 1
    assert one != Policy(role=["a", "b"])
    assert Policy(claims={"x": 1}) != Policy(claims={"x": True})
    assert Policy() != "Policy()"
    assert Policy(role="a") & Policy(role="b") == Policy(role="b") & Policy(role="a")


@dataclass
class Above:
    """A check that Python cannot hash, and compares by what is in it."""

    seats: int

    def __call__(self, auth: Auth) -> bool:
        return bool(auth.claims["seats"] > self.seats)

    def at_all(self, auth: Auth) -> bool:
        return self(auth)


ABOVE = Above(1)
BLOCKED: list[Auth] = []


def test_checks_are_equal_if_they_are_the_same(refusal: Refusal) -> None:
    one, other = Above(1), Above(1)
    assert Policy(check=one) == Policy(check=one)
    assert hash(Policy(check=one)) == hash(Policy(check=one))
    assert Policy(check=one) != Policy(check=other)
    assert repr(Policy(check=one) & Policy(check=one)) == "Policy(check=Above)"
    assert repr(Policy(check=one) & Policy(check=other)) == "Policy(check=Above, check=Above)"
    assert refusal(Policy(check=one) & Policy(role="admin"), **MINE, seats=1) == "check"
    assert refusal(Policy(check=one) & Policy(role="admin"), **MINE, seats=2) is None


@pytest.mark.parametrize(
    "look_up", [lambda: _named, lambda: ABOVE.at_all, lambda: BLOCKED.__contains__]
)
def test_a_function_given_twice_is_the_same(look_up: Callable[[], Any]) -> None:
    """Python makes a new object each time that a method is looked up."""
    assert Policy(check=look_up()) == Policy(check=look_up())
    assert len({Policy(check=look_up()), Policy(check=look_up()) & Policy(check=look_up())}) == 1


def test_a_check_cannot_pass_itself_off_as_another() -> None:
    class Chameleon:
        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return hash(_named)

        def __call__(self, _: Auth) -> bool:
            return False

    assert Policy(check=_named) != Policy(check=Chameleon())
    assert Policy(check=Above(1).at_all) != Policy(check=Above(1).at_all)


def test_an_empty_policy_is_false_and_lets_everybody_pass(refusal: Refusal) -> None:
    assert not Policy()
    assert not Policy(email_verified=False, impersonation="allow", organization=False)
    assert Policy(role="admin")
    assert refusal(Policy()) is None


def test_only_policies_are_combined() -> None:
    with pytest.raises(TypeError):
        Policy() & True  # type: ignore[operator]


def _named(auth: Auth) -> bool:
    return True


@pytest.mark.parametrize(
    ("policy", "shown"),
    [
        (Policy(), "Policy()"),
        (Policy(email_verified=True, role="admin"), "Policy(email_verified=True, role='admin')"),
        (Policy(role={"b", "a"}), "Policy(role={'a', 'b'})"),
        (Policy(organization=True), "Policy(organization=True)"),
        (Policy(impersonation="forbid"), "Policy(impersonation='forbid')"),
        (
            Policy(claims={"plan": {"pro", "team"}, "beta": True}),
            "Policy(claims={'plan': {'pro', 'team'}, 'beta': True})",
        ),
        (Policy(check=_named), "Policy(check=_named)"),
        (Policy(role="a") & Policy(role="b"), "Policy(role='a', role='b')"),
    ],
)
def test_a_policy_prints_readably(policy: Policy, shown: str) -> None:
    assert repr(policy) == shown


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("email_verified", "yes"),
        ("profile_complete", 1),
        ("impersonation", "deny"),
        ("impersonation", True),
        ("organization", None),
        ("role", None),
        ("claims", None),
        ("check", None),
        ("organization", ""),
        ("organization", 5),
        ("organization", []),
        ("organization", [""]),
        ("organization", b"org_1"),
        ("role", ""),
        ("role", ()),
        ("role", True),
        ("role", [1]),
        ("role", {"admin": 1}),
        ("claims", "plan"),
        ("claims", [("plan", "pro")]),
        ("claims", {1: "pro"}),
        ("claims", {}),
        ("claims", {"plan": []}),
        ("claims", {"plan": {"a": 1}}),
        ("claims", {"plan": [["pro"]]}),
        ("claims", {"plan": b"pro"}),
        ("check", "callable"),
    ],
)
def test_an_invalid_keyword_value_is_refused(keyword: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"^{keyword} must "):
        Policy(**{keyword: value})


ADMINS = Policy(role="admin")


@pytest.mark.parametrize(
    ("options", "warns"),
    [
        ({"role": "admin"}, True),
        ({"policy": ADMINS}, True),
        ({"policy": ADMINS & Policy(email_verified=True)}, True),
        ({"role": "admin", "organization": False}, True),
        ({"role": "admin", "any_organization": False}, True),
        ({"role": "admin", "any_organization": True}, False),
        ({"policy": ADMINS, "any_organization": True}, False),
        ({"policy": Policy(role="admin", any_organization=True)}, False),
        ({"role": "admin", "organization": "org_1"}, False),
        ({"role": "admin", "organization": True}, False),
        ({"policy": ADMINS, "organization": {"org_1", "org_2"}}, False),
        ({"policy": ADMINS & Policy(organization="org_1")}, False),
        ({"organization": "org_1"}, False),
        ({"any_organization": True}, False),
        ({}, False),
    ],
)
def test_a_guard_warns_once_of_a_role_in_any_organization(
    caplog: pytest.LogCaptureFixture, options: Any, warns: bool
) -> None:
    Authenticator(issuer="https://acme.example", **options)
    assert [record.levelname for record in caplog.records] == ["WARNING"] * warns
    assert all("any_organization=True" in record.getMessage() for record in caplog.records)


def test_any_organization_lets_nobody_in_whom_the_role_does_not(refusal: Refusal) -> None:
    policy = Policy(role="admin", any_organization=True)
    assert [refusal(policy, **MINE), refusal(policy, org_id="org_1")] == [None, "role"]
    assert repr(policy) == "Policy(role='admin', any_organization=True)"


@pytest.mark.parametrize("keyword", [*PolicyOptions.__annotations__, "policy"])
def test_a_condition_that_is_none_is_refused_by_every_kind_of_options(keyword: str) -> None:
    """Such as one from an environment variable that isn't set."""
    options: Any = {"issuer": "https://acme.example", keyword: None}
    for check in (Authenticator, checked_options):
        with pytest.raises(ConfigurationError, match=f"^{keyword} must "):
            check(**options)


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=3)


@fuzz
@given(accepted=st.lists(SCALARS, min_size=1, max_size=4), value=SCALARS)
def test_a_claim_passes_if_json_would_call_it_the_same(accepted: list[Any], value: Any) -> None:
    auth = Auth("u", "e", "i", {"claim": value}, False, False, False, None, None, None, None)
    expected = any(type(one) is type(value) and one == value for one in accepted)
    try:
        Policy(claims={"claim": accepted}).enforce(auth)
    except PermissionDenied:
        assert not expected
    else:
        assert expected
