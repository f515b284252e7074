"""The Auth that `make_auth` and `auth_as` make is the one of a token with the same arguments."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fuzzing import any_json, fuzz
from torii_backend import Auth, Authenticator, ConfigurationError, Verifier
from torii_backend.emulator import Emulator
from torii_backend.testing import auth_as, make_auth

STANDARD = {"sub", "iss", "iat", "exp", "nbf", "pid", "o", "org_id", "org_role", "act"}
STANDARD |= {"impersonating", "email_verified", "profile_complete", "locale"}

TEXTS = st.text(min_size=1, max_size=8)
ARGUMENTS = st.fixed_dictionaries(
    {"user_id": TEXTS},
    optional={
        "role": TEXTS,
        "organization": TEXTS,
        "email_verified": st.booleans(),
        "profile_complete": st.booleans(),
        "actor": TEXTS,
        "locale": TEXTS,
        "claims": st.dictionaries(
            TEXTS.filter(lambda name: name not in STANDARD), any_json, max_size=4
        ),
        "expires_in": st.integers(1, 86400),
    },
)


@pytest.fixture(scope="module")
def verified() -> Iterator[Callable[[Mapping[str, Any]], Auth]]:
    """Verify a token of the emulator for the arguments of `auth_as`."""
    with Emulator() as emulator:
        verifier = Verifier(emulator.issuer)

        def verify(arguments: Mapping[str, Any]) -> Auth:
            token = emulator.issue_token(
                user_id=arguments["user_id"],
                claims=_claims(arguments),
                expires_in=arguments.get("expires_in", 300),
            )
            return verifier.verify(token.access_token)

        yield verify


def _claims(arguments: Mapping[str, Any]) -> dict[str, Any]:
    claims = {**arguments.get("claims", {})}
    for name in ("email_verified", "profile_complete", "locale"):
        if name in arguments:
            claims[name] = arguments[name]
    if "role" in arguments or "organization" in arguments:
        claims["org_id"] = arguments.get("organization", "org_test")
    if "role" in arguments:
        claims["org_role"] = arguments["role"]
    if "actor" in arguments:
        claims.update(act={"sub": arguments["actor"]}, impersonating=True)
    return claims


def shape(value: Any) -> Any:
    """Describe a value with the types of all its parts."""
    if isinstance(value, dict):
        return type(value), {name: shape(member) for name, member in value.items()}
    if isinstance(value, tuple):
        return type(value), [shape(member) for member in value]
    return type(value), value


def described(auth: Auth, *besides: str) -> Any:
    """Describe an Auth, but for times, the issuer, the environment and some claims."""
    left_out = {"iss", "iat", "exp", "pid", *besides}
    claims = {name: value for name, value in auth.claims.items() if name not in left_out}
    names = [name for name in Auth.__struct_fields__ if name not in {"claims", "issuer", *besides}]
    names.remove("environment_id")
    facts = {name: shape(getattr(auth, name)) for name in names}
    return {**facts, "claims": shape(claims), "kind": type(auth.claims)}


@fuzz
@given(ARGUMENTS)
def test_it_is_the_auth_of_a_token_with_the_same_arguments(
    verified: Callable[[Mapping[str, Any]], Auth], arguments: dict[str, Any]
) -> None:
    expected, made = verified(arguments), make_auth(**arguments)
    # For a user that it doesn't know, the emulator says `en`.
    besides = () if "locale" in arguments else ("locale",)
    assert described(made, *besides) == described(expected, *besides)
    assert {*made.claims, "locale"} == {*expected.claims, "locale"}
    for auth in (made, expected):
        lifetime = auth.claims["exp"] - auth.claims["iat"]
        assert lifetime == arguments.get("expires_in", 300)
    with auth_as(**arguments):
        found = Authenticator(issuer=expected.issuer).authenticate({})
    assert found is not None and found.issuer == found.claims["iss"] == expected.issuer
    assert described(found) == described(made)


def test_the_defaults_are_the_happy_path() -> None:
    before = time.time()
    auth = make_auth()
    assert (auth.user_id, auth.issuer) == ("user_test", "https://test.torii.so")
    assert auth.email_verified and auth.profile_complete and not auth.impersonating
    assert (auth.organization_id, auth.organization_role, auth.locale) == (None, None, None)
    assert make_auth(role="admin").organization_id == "org_test"
    assert auth.environment_id == "env_test"
    assert before - 1 <= auth.claims["iat"] <= time.time()


def test_the_environment_names_the_issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORII_ISSUER", "https://acme.torii.so/, https://acme.com")
    assert make_auth().issuer == "https://acme.torii.so"
    monkeypatch.setenv("TORII_ISSUER", "acme")
    with pytest.raises(ConfigurationError, match="issuer must be"):
        make_auth()


CYCLE: dict[str, Any] = {}
CYCLE["cycle"] = CYCLE
DEEP: Any = None
for _ in range(100):
    DEEP = [DEEP]

WRONG: dict[str, tuple[type[Exception], dict[str, Any]]] = {
    "user_id must be a string, such as 'user_ada'.": (TypeError, {"user_id": 7}),
    "user_id must not be empty, such as 'user_ada'.": (ValueError, {"user_id": ""}),
    "role must be a string, such as 'admin'.": (TypeError, {"role": ["admin"]}),
    "organization must not be empty, such as 'org_1'.": (ValueError, {"organization": ""}),
    "email_verified must be True or False.": (TypeError, {"email_verified": None}),
    "profile_complete must be True or False.": (TypeError, {"profile_complete": "yes"}),
    "actor must not be empty, such as 'user_support'.": (ValueError, {"actor": ""}),
    "locale must be a string, such as 'en'.": (TypeError, {"locale": 7}),
    "claims must be a mapping of": (TypeError, {"claims": ["plan"]}),
    "claims must be a mapping of claim names": (TypeError, {"claims": {1: "plan"}}),
    "claims must contain JSON values only": (TypeError, {"claims": {"plan": object()}}),
    "claims must be plain JSON": (ValueError, {"claims": {"plan": float("nan")}}),
    "claims must be plain JSON, with": (ValueError, {"claims": CYCLE}),
    "claims must be plain JSON, with finite": (ValueError, {"claims": {"plan": DEEP}}),
    "claims must be plain JSON, with finite numbers": (ValueError, {"claims": {"plan": "\ud800"}}),
    "claims must not contain sub. Pass user_id instead.": (ValueError, {"claims": {"sub": "ada"}}),
    "claims must not contain exp. Pass expires_in": (ValueError, {"claims": {"exp": 7}}),
    "claims must not contain iss. The issuer is that of": (ValueError, {"claims": {"iss": "x"}}),
    "claims must contain a valid pid": (ValueError, {"claims": {"pid": ""}}),
    "claims must contain a valid nbf": (ValueError, {"claims": {"nbf": "soon"}}),
    "expires_in must be a whole number of seconds": (TypeError, {"expires_in": 1.5}),
    "expires_in must be at most ten years": (ValueError, {"expires_in": 10**9}),
}


@pytest.mark.parametrize("make", [auth_as, make_auth])
@pytest.mark.parametrize("sentence", WRONG)
def test_wrong_arguments_are_found_at_once(make: Callable[..., object], sentence: str) -> None:
    kind, arguments = WRONG[sentence]
    with pytest.raises(kind) as raised:
        make(**arguments)
    assert str(raised.value).startswith(sentence)


def test_the_claims_of_the_caller_are_copied() -> None:
    claims = {"plan": ["pro"]}
    block = auth_as(claims=claims)
    claims["plan"].append("more")
    with block:
        auth = Authenticator(issuer="https://acme.torii.so").authenticate({})
    assert auth is not None and auth.claims["plan"] == ("pro",)
