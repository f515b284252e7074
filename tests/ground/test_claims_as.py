"""Reading an Auth: the helpers, and custom claims in a type of the application's own."""

from __future__ import annotations

from dataclasses import dataclass, field, make_dataclass
from datetime import datetime, timezone
from typing import Any, Optional, TypedDict
from uuid import UUID

import msgspec
import pytest

from tests.support.issuer import Issuer, auth_of
from torii_backend import InvalidToken, Verifier

ORGANIZATION = UUID("0198a000-0000-7000-8000-0000000000aa")


class Plan(msgspec.Struct):
    plan: str
    seats: int = 1
    teams: tuple[str, ...] = ()
    limits: Optional[dict[str, int]] = None


@dataclass
class PlanData:
    plan: str
    seats: int = 1
    teams: list[str] = field(default_factory=list)
    limits: Optional[dict[str, int]] = None


class PlanDict(TypedDict):
    plan: str


class Renamed(msgspec.Struct, rename="camel"):
    valid_until: datetime


CLAIMS = {"plan": "pro", "seats": 5, "teams": ["a", "b"], "limits": {"apps": 3}}


def test_claims_as_a_struct(verifier: Verifier, issuer: Issuer) -> None:
    plan = auth_of(verifier, issuer, **CLAIMS).claims_as(Plan)
    assert plan == Plan("pro", 5, ("a", "b"), {"apps": 3})
    assert auth_of(verifier, issuer, plan="pro").claims_as(Plan) == Plan("pro")


def test_claims_as_a_dataclass(verifier: Verifier, issuer: Issuer) -> None:
    plan = auth_of(verifier, issuer, **CLAIMS).claims_as(PlanData)
    assert plan == PlanData("pro", 5, ["a", "b"], {"apps": 3})


def test_claims_as_a_typed_dict(verifier: Verifier, issuer: Issuer) -> None:
    assert auth_of(verifier, issuer, **CLAIMS).claims_as(PlanDict) == {"plan": "pro"}


def test_claims_as_a_struct_with_other_names(verifier: Verifier, issuer: Issuer) -> None:
    read = auth_of(verifier, issuer, validUntil="2030-01-01T00:00:00Z").claims_as(Renamed)
    assert read.valid_until == datetime(2030, 1, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("claims", "claim"),
    [
        ({}, "plan"),
        ({"plan": 1}, "plan"),
        ({"plan": None}, "plan"),
        ({"plan": "pro", "seats": "5"}, "seats"),
        ({"plan": "pro", "seats": True}, "seats"),
        ({"plan": "pro", "teams": [1]}, "teams"),
        ({"plan": "pro", "limits": {"apps": "many"}}, "limits"),
    ],
)
@pytest.mark.parametrize("kind", [Plan, PlanData])
def test_a_wrong_shape_names_the_claim(
    verifier: Verifier, issuer: Issuer, kind: Any, claims: dict[str, Any], claim: str
) -> None:
    with pytest.raises(InvalidToken) as refusal:
        auth_of(verifier, issuer, **claims).claims_as(kind)
    assert (refusal.value.reason, refusal.value.claim) == ("invalid_claim", claim)
    assert "many" not in str(refusal.value)


class Inner(msgspec.Struct):
    plan: str


class Outer(msgspec.Struct):
    account: Inner
    dotted: Optional[Inner] = msgspec.field(default=None, name="account.plan")
    namespaced: str = msgspec.field(default="", name="https://acme.com/plan")
    teams: dict[str, dict[str, int]] = msgspec.field(default_factory=dict, name="teams[0]")
    limits: dict[int, int] = msgspec.field(default_factory=dict)
    ticked: int = msgspec.field(default=0, name="a`b")


class Tagged(msgspec.Struct, tag="acme", tag_field="kind"):
    pass


class Namespaced(msgspec.Struct):
    plan: str = msgspec.field(name="https://acme.com/plan")


ACCOUNT = {"account": {"plan": "pro"}}


@pytest.mark.parametrize(
    ("kind", "claims", "claim"),
    [
        (Namespaced, {}, "https://acme.com/plan"),
        (Namespaced, {"https://acme.com/plan": 5}, "https://acme.com/plan"),
        (Namespaced, {"https://acme.com/plan": 5, "https://acme": 1}, "https://acme.com/plan"),
        (Outer, {**ACCOUNT, "https://acme.com/plan": ["pro"]}, "https://acme.com/plan"),
        (Outer, {"account": {}}, "account"),
        (Outer, {"account": {"plan": 1}}, "account"),
        (Outer, {**ACCOUNT, "account.plan": {}}, "account.plan"),
        (Outer, {**ACCOUNT, "teams[0]": {"a": {"b": "c"}}}, "teams[0]"),
        (Outer, {**ACCOUNT, "limits": {"1": "x"}}, "limits"),
        (Outer, {**ACCOUNT, "limits": {"x": 1}}, "limits"),
        (Outer, {**ACCOUNT, "a`b": "x"}, "a`b"),
        (Tagged, {"kind": "secret` - at `$.plan", "plan": "pro"}, "kind"),
        (dict[str, int], {"plan": "pro"}, None),
    ],
)
def test_the_claim_at_the_top_is_named(
    verifier: Verifier, issuer: Issuer, kind: Any, claims: dict[str, Any], claim: Optional[str]
) -> None:
    with pytest.raises(InvalidToken) as refusal:
        auth_of(verifier, issuer, **claims).claims_as(kind)
    assert (refusal.value.reason, refusal.value.claim) == ("invalid_claim", claim)


SPOOFS = (
    "the plan at `$.{}`",
    "the plan - at `$.{}`",
    "{} - at `$.plan`",
    "Object missing required field `{}`",
    "Object missing required field `b` - at `$.{}`",
    "",
)


@pytest.mark.parametrize("spoof", SPOOFS)
@pytest.mark.parametrize("error", [ValueError, TypeError, msgspec.ValidationError])
@pytest.mark.parametrize("plan", ["secret", "sub"])
def test_what_a_type_says_itself_names_no_claim(
    verifier: Verifier, issuer: Issuer, spoof: str, error: type[Exception], plan: str
) -> None:
    def post_init(self: Any) -> None:
        raise error(spoof.format(self.plan))

    picky: Any = make_dataclass("Picky", [("plan", str)], namespace={"__post_init__": post_init})
    account: Any = msgspec.defstruct("Account", [("account", picky)])
    auth = auth_of(verifier, issuer, plan=plan, account={"plan": plan})
    with pytest.raises(InvalidToken) as refusal:
        auth.claims_as(picky)
    assert (refusal.value.reason, refusal.value.claim) == ("invalid_claim", None)
    with pytest.raises(InvalidToken) as refusal:
        auth.claims_as(account)
    # Beside an error of its own, msgspec says nothing.
    around = None if error is msgspec.ValidationError else "account"
    assert (refusal.value.reason, refusal.value.claim) == ("invalid_claim", around)


def test_a_wrong_shape_as_a_whole_names_no_claim(verifier: Verifier, issuer: Issuer) -> None:
    with pytest.raises(InvalidToken) as refusal:
        auth_of(verifier, issuer).claims_as(list)
    assert (refusal.value.reason, refusal.value.claim) == ("invalid_claim", None)


def test_the_active_organization(verifier: Verifier, issuer: Issuer) -> None:
    auth = auth_of(verifier, issuer, org_id=str(ORGANIZATION), org_role="org:administrator")
    assert auth.in_organization(str(ORGANIZATION))
    assert auth.in_organization(ORGANIZATION)
    assert not auth.in_organization("org_2")
    assert auth.has_role("org:administrator")
    assert not auth.has_role("administrator")


def test_without_an_organization_nobody_is_in_one(verifier: Verifier, issuer: Issuer) -> None:
    auth = auth_of(verifier, issuer)
    assert not auth.in_organization("None")
    assert not auth.in_organization("")
    assert not auth.has_role("")
