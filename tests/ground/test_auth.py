"""The fields of an Auth, and that it cannot be changed."""

from __future__ import annotations

import copy
import json
import pickle
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextvars import copy_context
from datetime import datetime, timedelta, timezone
from multiprocessing import get_context
from operator import attrgetter
from typing import Any, Optional

import msgspec
import pytest

from tests.support.issuer import ABSENT, NOW, Issuer, auth_of
from torii_backend import Auth, ConfigurationError, ToriiAuth, ToriiError, Verifier, current_auth
from torii_backend._guard.context import BoundIterator, bind_auth, unbind_auth

NO_TRUTH: list[Any] = [
    False,
    None,
    "true",
    "false",
    "True",
    "",
    1,
    0,
    1.0,
    [],
    [True],
    {},
    {"a": 1},
]


def test_the_fields_of_a_full_token(verifier: Verifier, issuer: Issuer) -> None:
    claims = {
        "sub": "user_1",
        "pid": "env_2",
        "email_verified": True,
        "profile_complete": False,
        "impersonating": False,
        "locale": "da",
        "org_id": "org_3",
        "org_role": "org:administrator",
        "plan": "pro",
    }
    auth = auth_of(verifier, issuer, **claims)
    assert (auth.user_id, auth.environment_id, auth.issuer) == ("user_1", "env_2", issuer.url)
    assert (auth.email_verified, auth.profile_complete, auth.impersonating) == (True, False, False)
    assert (auth.actor, auth.locale) == (None, "da")
    assert (auth.organization_id, auth.organization_role) == ("org_3", "org:administrator")
    assert dict(auth.claims) == issuer.claims(**claims)
    assert auth.raw is auth.claims


def test_the_fields_of_a_minimal_token(verifier: Verifier, issuer: Issuer) -> None:
    auth = auth_of(verifier, issuer)
    assert (auth.email_verified, auth.profile_complete, auth.impersonating) == (False, True, False)
    assert auth.actor is None
    assert auth.locale is None
    assert auth.organization_id is None
    assert auth.organization_role is None


def test_times_are_aware_and_utc(verifier: Verifier, issuer: Issuer) -> None:
    auth = auth_of(verifier, issuer)
    assert auth.issued_at == datetime(2025, 6, 15, 15, 6, 40, tzinfo=timezone.utc)
    assert auth.expires_at - auth.issued_at == timedelta(minutes=5)
    assert auth.issued_at.utcoffset() == auth.expires_at.utcoffset() == timedelta(0)
    assert auth.issued_at.timestamp() == NOW


@pytest.mark.parametrize("name", ["email_verified", "profile_complete", "impersonating"])
@pytest.mark.parametrize("value", NO_TRUTH)
def test_only_json_true_is_true(verifier: Verifier, issuer: Issuer, name: str, value: Any) -> None:
    assert getattr(auth_of(verifier, issuer, **{name: True}), name) is True
    assert getattr(auth_of(verifier, issuer, **{name: value}), name) is False


@pytest.mark.parametrize(
    ("act", "actor"),
    [
        ({"sub": "op_1"}, "op_1"),
        ({"sub": "op_1", "act": {"sub": "op_2"}}, "op_1"),
        ({"sub": ""}, None),
        ({"sub": 5}, None),
        ({}, None),
        (None, None),
        ("op_1", None),
        (["op_1"], None),
        (False, None),
    ],
)
def test_any_act_is_impersonation(
    verifier: Verifier, issuer: Issuer, act: Any, actor: Optional[str]
) -> None:
    auth = auth_of(verifier, issuer, act=act, impersonating=False)
    assert (auth.impersonating, auth.actor, auth.user_id) == (True, actor, "user_ada")


def test_impersonation_without_act_has_no_known_actor(verifier: Verifier, issuer: Issuer) -> None:
    auth = auth_of(verifier, issuer, impersonating=True)
    assert (auth.impersonating, auth.actor) == (True, None)


@pytest.mark.parametrize(
    ("claims", "organization"),
    [
        ({"org_id": "org_1"}, ("org_1", None)),
        ({"org_id": "org_1", "org_role": "admin"}, ("org_1", "admin")),
        ({"org_id": "org_1", "org_role": ["admin"]}, ("org_1", None)),
        ({"org_id": "org_1", "org_role": ""}, ("org_1", None)),
        ({"o": "org_1"}, ("org_1", None)),
        ({"o": "org_1", "org_role": "member"}, ("org_1", "member")),
        ({"o": {"id": "org_1"}}, ("org_1", None)),
        ({"o": {"id": "org_1", "role": "admin"}}, ("org_1", "admin")),
        ({"o": {"id": "org_1", "rol": "admin"}}, ("org_1", "admin")),
        ({"o": {"id": "org_1", "role": "admin", "rol": "member"}}, ("org_1", "admin")),
        ({"org_id": "org_1", "o": {"id": "org_2", "role": "admin"}}, ("org_1", None)),
        ({"org_id": None, "o": {"id": "org_2", "role": "admin"}}, (None, None)),
        ({"org_id": 5, "org_role": "admin"}, (None, None)),
        ({"org_role": "admin"}, (None, None)),
        ({"o": {"role": "admin"}}, (None, None)),
        ({"o": {"id": "", "role": "admin"}}, (None, None)),
        ({"o": {"id": ["org_1"], "role": "admin"}}, (None, None)),
        ({"o": {"id": "org_1"}, "org_role": "admin"}, ("org_1", None)),
        ({"o": ["org_1"]}, (None, None)),
        ({"o": ""}, (None, None)),
        ({"o": None}, (None, None)),
        ({"o": 5}, (None, None)),
    ],
)
def test_the_organization_comes_from_one_claim(
    verifier: Verifier, issuer: Issuer, claims: dict[str, Any], organization: tuple[Any, Any]
) -> None:
    auth = auth_of(verifier, issuer, **claims)
    assert (auth.organization_id, auth.organization_role) == organization


@pytest.mark.parametrize("value", [None, "", 5, ["en"], {"en": 1}, True])
def test_a_locale_of_another_type_is_none(verifier: Verifier, issuer: Issuer, value: Any) -> None:
    assert auth_of(verifier, issuer, locale=value).locale is None


def test_claims_are_read_only_at_any_depth(verifier: Verifier, issuer: Issuer) -> None:
    auth = auth_of(verifier, issuer, bag={"list": [{"x": [1]}], "n": None})
    assert isinstance(auth.claims, Mapping)
    claims: Any = auth.claims
    assert claims["bag"]["list"][0]["x"] == (1,)
    assert claims["bag"]["n"] is None
    for mapping in (claims, claims["bag"], claims["bag"]["list"][0]):
        with pytest.raises(TypeError):
            mapping["sub"] = "user_eve"
        with pytest.raises(TypeError):
            del mapping["sub"]
        for name in ("clear", "pop", "update", "setdefault"):
            assert not hasattr(mapping, name)
    assert type(claims["bag"]["list"]) is tuple


@pytest.mark.parametrize("bag", [[1, 2], {"a": 1}, {"a": {"b": 1}}, [[1]]])
def test_nested_values_are_read_only(verifier: Verifier, issuer: Issuer, bag: Any) -> None:
    frozen: Any = auth_of(verifier, issuer, bag=bag).claims["bag"]
    with pytest.raises(TypeError):
        frozen[0 if isinstance(bag, list) else "a"] = 2
    with pytest.raises(AttributeError):
        frozen.clear()


def pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))  # noqa: S301


FULL: dict[str, Any] = {
    "org_id": "org_1",
    "org_role": "owner",
    "act": {"sub": "op_1"},
    "bag": {"list": [{"x": [1]}], "n": None, "big": 1 << 70},
}


def test_an_auth_can_be_pickled_and_sent_to_another_process(
    verifier: Verifier, issuer: Issuer
) -> None:
    auth = auth_of(verifier, issuer, **FULL)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(auth, protocol))  # noqa: S301
        assert type(again) is Auth
        assert again.to_dict() == auth.to_dict()
        assert (again.expires_at, repr(again)) == (auth.expires_at, repr(auth))
        assert type(again.claims["bag"]["list"]) is tuple
        claims: Any
        for claims in (again.claims, again.claims["bag"], again.claims["bag"]["list"][0]):
            with pytest.raises(TypeError):
                claims["x"] = 2
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        # A function that the other process finds without our tests.
        assert pool.submit(attrgetter("organization_role"), auth).result(60) == "owner"
    assert pickled(auth.claims) == auth.claims
    assert pickled(auth.claims["bag"]) == auth.claims["bag"]


def test_copies_are_the_same_object(verifier: Verifier, issuer: Issuer) -> None:
    auth = auth_of(verifier, issuer, **FULL)
    for one in (auth, auth.claims, auth.claims["bag"]):
        assert copy.copy(one) is one and copy.deepcopy([one])[0] is one


def test_an_auth_becomes_json(verifier: Verifier, issuer: Issuer) -> None:
    auth = auth_of(verifier, issuer, **FULL)
    document = auth.to_dict()
    assert json.loads(json.dumps(document)) == document
    assert document["user_id"] == "user_ada" and document["organization_role"] == "owner"
    assert document["claims"]["bag"] == FULL["bag"]
    assert json.loads(json.dumps(auth.claims)) == document["claims"]
    document["claims"]["bag"]["n"] = 1
    assert auth.claims["bag"]["n"] is None
    small = auth_of(verifier, issuer, bag={"list": [1]})
    assert json.loads(msgspec.json.encode(small)) == small.to_dict()
    assert msgspec.to_builtins(small)["claims"] == small.claims


def test_claims_cannot_be_merged_in_place(verifier: Verifier, issuer: Issuer) -> None:
    claims: Any = auth_of(verifier, issuer).claims
    with pytest.raises(TypeError):
        claims |= {"sub": "user_eve"}
    assert (claims | {"sub": "user_eve"})["sub"] == "user_eve"
    assert claims["sub"] == "user_ada"


def test_a_field_cannot_be_set_or_added(verifier: Verifier, issuer: Issuer) -> None:
    auth = auth_of(verifier, issuer)
    for name in ("user_id", "claims", "raw", "is_admin"):
        with pytest.raises(AttributeError):
            setattr(auth, name, "user_eve")
    with pytest.raises(AttributeError):
        del auth.user_id
    assert auth.user_id == "user_ada"


def test_an_auth_equals_only_itself(verifier: Verifier, issuer: Issuer) -> None:
    token = issuer.token()
    one, other = verifier.verify(token), verifier.verify(issuer.token())
    assert one == one  # noqa: PLR0124
    assert one != other
    assert len({one, one, other}) == 2


def test_repr_shows_ids_only(verifier: Verifier, issuer: Issuer) -> None:
    auth = auth_of(
        verifier,
        issuer,
        email="ada@example.com",
        locale="en",
        org_id="org_1",
        org_role="owner",
        act={"sub": "op_1", "reason": "support"},
    )
    expected = (
        "Auth(user_id='user_ada', environment_id='env_1', organization_id='org_1', actor='op_1')"
    )
    assert repr(auth) == str(auth) == f"{auth}" == expected
    bare = auth_of(verifier, issuer, act=ABSENT)
    assert repr(bare) == "Auth(user_id='user_ada', environment_id='env_1')"


def test_the_older_name_is_the_same_class() -> None:
    assert ToriiAuth is Auth


def test_current_auth_outside_a_guarded_request() -> None:
    with pytest.raises(ConfigurationError, match="AuthMiddleware") as caught:
        current_auth()
    assert isinstance(caught.value, ToriiError)


@pytest.mark.parametrize("default", [None, False, "nobody", ConfigurationError])
def test_current_auth_with_a_default(default: Any) -> None:
    """Such as in a logging filter, which runs outside of requests as well."""
    assert current_auth(default=default) is default
    assert current_auth(default) is default
    auth = Auth("u", "e", "i", {}, False, False, False, None, None, None, None)
    for bound in (auth, None):
        token = bind_auth(bound)
        try:
            assert current_auth(default=default) is bound
        finally:
            unbind_auth(token)


def test_current_auth_returns_what_the_adapter_set(verifier: Verifier, issuer: Issuer) -> None:
    auth = auth_of(verifier, issuer)
    outer = bind_auth(None)
    assert current_auth() is None
    inner = bind_auth(auth)
    assert current_auth() is auth
    unbind_auth(inner)
    assert current_auth() is None
    unbind_auth(outer)
    with pytest.raises(ConfigurationError):
        current_auth()


def test_current_auth_belongs_to_one_context(verifier: Verifier, issuer: Issuer) -> None:
    token = bind_auth(auth_of(verifier, issuer))
    try:
        failed: list[bool] = []

        def look() -> None:
            with pytest.raises(ConfigurationError):
                current_auth()
            failed.append(True)

        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        assert failed == [True]
    finally:
        unbind_auth(token)


def test_a_streamed_body_has_its_current_auth(verifier: Verifier, issuer: Issuer) -> None:
    one, other = auth_of(verifier, issuer), auth_of(verifier, issuer)
    closed: list[Optional[Auth]] = []

    def body() -> Iterator[Optional[Auth]]:
        try:
            yield current_auth()
            yield current_auth()
        finally:
            closed.append(current_auth())

    bodies = [BoundIterator(one, body()), BoundIterator(other, body()), BoundIterator(None, body())]
    for _ in range(2):
        assert [next(bound) for bound in bodies] == [one, other, None]
        with pytest.raises(ConfigurationError):
            current_auth()
    assert list(bodies[0]) == []
    for bound in bodies:
        bound.close()
    assert closed == [one, other, None]
    BoundIterator(one, ["a body without close"]).close()


def test_unbinding_in_another_context_is_harmless(verifier: Verifier, issuer: Issuer) -> None:
    token = copy_context().run(bind_auth, auth_of(verifier, issuer))
    unbind_auth(token)
    with pytest.raises(ConfigurationError):
        current_auth()
