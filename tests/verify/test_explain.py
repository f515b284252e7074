"""`explain` and `Verifier.verify` say the same of every token."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional, Union

import jwt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.clock import Clock
from tests.support.fuzzing import any_json, any_text, examples, fuzz
from tests.support.issuer import ABSENT, NOW, Issuer, SigningKey, b64url
from torii_backend import InvalidToken, KeysUnavailable, Revocations, Verifier
from torii_backend._verify.explain import Explanation, explain
from torii_backend._verify.explain_texts import relative

DATA = Path(__file__).parents[1] / "data"
ISSUER = Issuer()
OTHER = Issuer("https://globex.torii.so", SigningKey("key-2"))
TOKEN = ISSUER.token(email_verified=True)
NAMES = ["iss", "sub", "pid", "iat", "exp", "nbf", "aud", "act", "org_id"]
MEMBERS = ["alg", "kid", "typ", "crit", "b64"]


def _fetch(url: str, timeout: float) -> tuple[bytes, dict[str, str]]:
    return (ISSUER if url.startswith(ISSUER.url) else OTHER).fetch(url, timeout)[0], {}


# Of the tokens below, some are too old, some are revoked, and some are neither.
REVOKED = Revocations(clock=Clock(), max_token_age=40)
REVOKED.revoke("user_ada", at=NOW - 20)
VERIFIERS = {
    "one issuer": Verifier(ISSUER.url, fetch=_fetch, clock=Clock(), cache_size=0),
    "several": Verifier([OTHER.url, ISSUER.url], fetch=_fetch, clock=Clock(), cache_size=0),
    "audience": Verifier(ISSUER.url, fetch=_fetch, clock=Clock(), audience=["a", "b"]),
    "revocations": Verifier(ISSUER.url, fetch=_fetch, clock=Clock(), revocations=REVOKED),
}
_any_verifier = st.sampled_from([*VERIFIERS.values()])


@pytest.fixture(autouse=True, scope="module")
def _keys() -> None:
    """Fetch the keys now: tests of our fixtures let every Verifier of an issuer forget them."""
    for verifier in VERIFIERS.values():
        verifier.warm()


def _explained(token: Union[str, bytes], verifier: Verifier) -> Explanation:
    """Explain a token, which must agree with the verification."""
    explanation = explain(token, verifier)
    outcomes = [rule.outcome for rule in explanation.rules]
    reason: Optional[str] = None
    try:
        auth = verifier.verify(token)
    except InvalidToken as refusal:
        reason = refusal.reason
        failed = outcomes.index("failed")
        assert outcomes[:failed] == ["ok"] * failed
        assert set(outcomes[failed + 1 :]) <= {"not reached"}
        assert explanation.auth is None
        assert explanation.rules[failed].expected and explanation.rules[failed].actual
    else:
        assert set(outcomes) == {"ok"}
        assert explanation.signature_checked
        assert explanation.auth is not None
        assert explanation.auth.to_dict() == auth.to_dict()
        assert _read_by_pyjwt(token, auth.issuer)["sub"] == auth.user_id
    assert explanation.reason == reason
    return explanation


def _read_by_pyjwt(token: Union[str, bytes], issuer: str) -> Any:
    """What another library reads of an accepted token, whose segments have one spelling each."""
    text = token if isinstance(token, str) else token.decode("ascii")
    for segment in text.split("."):
        assert b64url(urlsafe_b64decode(segment + "=" * (-len(segment) % 4))) == segment
    (key,) = (each.key for each in (ISSUER, OTHER) if each.url == issuer)
    names = ["verify_aud", "verify_exp", "verify_iat", "verify_nbf"]
    times: Any = dict.fromkeys(names, False)
    return jwt.decode(text, key.private.public_key(), ["ES256"], options=times)


def _signed_as_it_is(index: int, inserted: str) -> str:
    """A good signature of segments that have something inserted."""
    text = TOKEN.rpartition(".")[0]
    header, _, payload = f"{text[:index]}{inserted}{text[index:]}".partition(".")
    return ISSUER.key.signed(header, payload)


_tokens = st.one_of(
    any_text | st.binary(max_size=100),
    st.lists(st.binary(max_size=60), min_size=1, max_size=5).map(
        lambda parts: ".".join(b64url(part) for part in parts)
    ),
    st.dictionaries(st.sampled_from(NAMES), any_json, min_size=1).map(
        lambda claims: ISSUER.key.compact(ISSUER.header(), ISSUER.claims(**claims))
    ),
    st.dictionaries(st.sampled_from(MEMBERS), any_json, min_size=1).map(
        lambda header: ISSUER.odd_token(header=header)
    ),
    st.builds(
        lambda header, claims, key: key.compact(ISSUER.header(**header), ISSUER.claims(**claims)),
        st.dictionaries(st.sampled_from(MEMBERS), any_json, max_size=1),
        st.dictionaries(st.sampled_from(NAMES), any_json, max_size=2),
        st.sampled_from([ISSUER.key, OTHER.key]),
    ),
    st.builds(
        lambda changes: ISSUER.odd_token(**changes),
        st.fixed_dictionaries(
            {},
            optional={
                "iss": st.sampled_from([ISSUER.url, ISSUER.url + "/", OTHER.url, "", ABSENT]),
                "iat": st.integers(NOW - 60, NOW + 60),
                "exp": st.integers(NOW - 60, NOW + 60) | st.just(ABSENT),
                "nbf": st.integers(NOW - 60, NOW + 60),
                "aud": st.sampled_from(["a", "c", ["c", "b"], [], [1], None]),
                "sub": st.sampled_from(["", None, ABSENT]),
            },
        ),
    ),
    st.builds(
        _signed_as_it_is,
        st.integers(0, len(TOKEN.rpartition(".")[0])),
        st.text(r"ABQgw019-_=*+/\." + '"\n\0', max_size=4),
    ),
    st.builds(
        lambda index, character: TOKEN[:index] + character + TOKEN[index + 1 :],
        st.integers(0, len(TOKEN) - 1),
        st.characters(exclude_categories=()) | st.sampled_from("ABCabc019-_.="),
    ),
)


# 2,000 in a full run, as many as `tox -e coverage` tries.
@settings(fuzz, max_examples=examples(2000))
@example("\ud800.\ud800.\ud800", VERIFIERS["one issuer"])
@example(TOKEN, VERIFIERS["several"])
@example(ISSUER.token(iat=NOW - 20), VERIFIERS["revocations"])
@example(ISSUER.token(iat=NOW - 41, sub="user_bob"), VERIFIERS["revocations"])
@given(_tokens, _any_verifier)
def test_it_agrees_with_the_verification(token: Union[str, bytes], verifier: Verifier) -> None:
    _explained(token, verifier)


def _vectors() -> Iterator[tuple[str, bytes]]:
    """Every token of tests/data, with the key set that belongs to it."""
    document: dict[str, Any] = json.loads((DATA / "wycheproof_es256.json").read_text("utf-8"))
    rfc: dict[str, Any] = json.loads((DATA / "rfc7515_es256.json").read_text("utf-8"))
    for vector in [*document["jws"], *document["jwk"], rfc]:
        yield vector["jws"], json.dumps(vector.get("jwks", {"keys": [vector.get("jwk")]})).encode()


def test_it_agrees_on_every_vector() -> None:
    reasons = set()
    for token, keys in _vectors():
        verifier = Verifier(
            ISSUER.url,
            fetch=lambda *_, keys=keys: (keys, {}),
            clock=Clock(),
        )
        try:
            verifier.warm()
        except KeysUnavailable:
            assert not explain(token, verifier).signature_checked
        else:
            reasons.add(_explained(token, verifier).reason)
    assert reasons == {"malformed", "bad_signature"}


def test_without_keys_the_other_rules_are_judged_and_nothing_is_accepted() -> None:
    cold = Verifier(ISSUER.url, fetch=_fetch, clock=Clock())
    explanation = explain(TOKEN, cold)
    outcomes = {rule.name: rule.outcome for rule in explanation.rules}
    assert outcomes.pop("key") == outcomes.pop("signature") == "not checked"
    assert set(outcomes.values()) == {"ok"}
    assert (explanation.auth, explanation.reason) == (None, None)
    assert not explanation.signature_checked
    assert repr(explanation) == "Explanation(signature not checked)"
    expired = explain(ISSUER.token(exp=NOW - 60), cold)
    assert (expired.reason, expired.signature_checked) == ("expired", False)


def test_nothing_is_fetched_and_nothing_is_cached() -> None:
    issuer = Issuer()
    verifier = Verifier(issuer.url, fetch=issuer.fetch, clock=Clock())
    explain(issuer.token(), verifier)
    assert issuer.fetched == []
    verifier.warm()
    explain(issuer.token(), verifier)
    explain(issuer.odd_token(header={"kid": "new"}), verifier)
    assert len(issuer.fetched) == 1
    assert verifier.stats().hits == verifier.stats().misses == 0


HINT = "A new issuer after a CNAME switch? Accept both."
FAILED: list[tuple[str, str, str, str, str]] = [
    ("a.b", "form", "", "2 segments", ""),
    ("eyJ", "form", "", "1 segment", "Is it a token at all?"),
    (f"{TOKEN[:99]}\n{TOKEN[99:]}", "form", "", "segments that are", "line breaks?"),
    ("a.bcd" * 4000, "form", "16384 characters at most", "20000 characters", ""),
    ("æ.b.c", "form", "", "not ASCII", ""),
    (ISSUER.key.compact(b"x", b"{}"), "iss", ISSUER.url, "nothing", ""),
    (ISSUER.key.compact(b"x", ISSUER.claims()), "header", "a JSON object", "something else", ""),
    (ISSUER.odd_token(header={"x": "x" * 4096}), "header", "at most 4 KiB", "something else", ""),
    (ISSUER.odd_token(header={"x": [[]] * 64}), "header", "a JSON object", "something else", ""),
    (ISSUER.odd_token(header={"x": "y" * 4000}), "header", "of at most 4 KiB", "else", ""),
    (ISSUER.odd_token(header={"x": [[]] * 99}), "header", "a JSON object", "else", ""),
    (ISSUER.odd_token(header={"alg": "HS256"}), "alg", '"ES256"', '"HS256"', ""),
    (ISSUER.odd_token(header={"alg": ABSENT}), "alg", '"ES256"', "nothing", ""),
    (ISSUER.odd_token(header={"crit": ["b64"]}), "crit", "no critical extensions", "crit", ""),
    (ISSUER.odd_token(header={"b64": False}), "crit", "no critical extensions", "b64", ""),
    (ISSUER.odd_token(header={"kid": 7}), "kid", "text that is not empty", "7", ""),
    (ISSUER.odd_token(header={"kid": "new"}), "key", '"key-1"', '"new"', "withdrawn?"),
    (TOKEN[:-8] + "AAAAAAAA", "signature", 'by the key "key-1"', "another one", "changed or cut"),
    (ISSUER.key.compact(ISSUER.header(), b"[]"), "payload", "a JSON object", "something else", ""),
    (
        ISSUER.token(iss="https://torii.acme.com"),
        "iss",
        ISSUER.url,
        '"https://torii.acme.com"',
        HINT,
    ),
    (ISSUER.token(iss="http://127.0.0.1:4100"), "iss", ISSUER.url, "4100", "of an emulator?"),
    (ISSUER.odd_token(iss=["x"]), "iss", ISSUER.url, '["x"]', ""),
    (ISSUER.odd_token(sub=None), "sub", "text", "null", ""),
    (ISSUER.odd_token(pid=ABSENT), "pid", "text that is not empty", "nothing", ""),
    (
        ISSUER.odd_token(iat="x\x1b[2J\u2603"),
        "iat",
        "seconds since 1970",
        '"x\\u001b[2J\\u2603"',
        "",
    ),
    (ISSUER.odd_token(exp="9" * 200), "exp", "seconds since 1970", "99...", ""),
    (ISSUER.token(exp=NOW - 240), "expiry", "15:06:10 UTC, which is 30 s ago", "4 minutes ago", ""),
    (
        ISSUER.token(iat=NOW + 7200),
        "issue",
        "15:07:10 UTC, in 30 s",
        "in 2 hours",
        "clocks differ?",
    ),
    (ISSUER.token(nbf=NOW + 61), "nbf", "15:07:10 UTC, in 30 s", "in 1 minute", "clocks differ?"),
    (ISSUER.odd_token(nbf=-1), "nbf", "seconds since 1970", "-1", ""),
    (ISSUER.odd_token(nbf=None), "nbf", "seconds since 1970", "null", ""),
    (ISSUER.token(aud="c"), "aud", '"a" or "b"', '"c"', ""),
    (ISSUER.token(), "aud", '"a" or "b"', "nothing", ""),
]


@pytest.mark.parametrize(
    ("token", "rule", "expected", "actual", "hint"), FAILED, ids=range(len(FAILED))
)
def test_a_failed_rule_says_what_was_expected_and_what_was_found(
    token: str, rule: str, expected: str, actual: str, hint: str
) -> None:
    verifier = VERIFIERS["audience" if rule == "aud" else "one issuer"]
    explanation = _explained(token, verifier)
    (failed,) = [each for each in explanation.rules if each.outcome == "failed"]
    assert failed.name == rule
    assert expected in failed.expected
    assert actual in failed.actual
    assert hint in failed.hint if hint else failed.hint == ""
    shown = "".join(failed)
    assert shown.isascii() and shown.isprintable()
    assert token.rpartition(".")[2] not in shown or len(token) < 9


def test_the_rules_are_in_the_order_of_verification() -> None:
    names = [rule.name for rule in explain(TOKEN, VERIFIERS["audience"]).rules]
    assert names[:8] == ["form", "header", "alg", "crit", "kid", "key", "signature", "payload"]
    assert names[8:] == ["iss", "sub", "pid", "iat", "exp", "expiry", "issue", "nbf", "aud"]
    assert "aud" not in [rule.name for rule in explain(TOKEN, VERIFIERS["one issuer"]).rules]
    # The issuer is looked at before a key is fetched, or to find the issuer's keys.
    foreign = OTHER.token(iss="https://elsewhere.example")
    for verifier in VERIFIERS.values():
        assert [rule.name for rule in explain(foreign, verifier).rules][:2] == ["form", "iss"]


def test_what_it_returns_shows_no_claims() -> None:
    assert repr(explain(TOKEN, VERIFIERS["one issuer"])) == "Explanation(accepted)"
    assert repr(explain(ISSUER.token(exp=1), VERIFIERS["one issuer"])) == "Explanation(expired)"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "now"),
        (-0.9, "now"),
        (-1, "1 second ago"),
        (-240, "4 minutes ago"),
        (3600, "in 1 hour"),
        (-200_000, "2 days ago"),
    ],
)
def test_times_from_now(seconds: float, text: str) -> None:
    assert relative(seconds) == text
