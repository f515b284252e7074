"""Why a Verifier accepts or rejects a token, rule by rule. Pure: no key is fetched, nothing is cached.

The rules are judged by the functions that Verifier calls, in its order. What a rejected token holds is
read once more for the report, and trusted for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Optional, Union

from torii_backend._jose.jws import Sealed, parse_header, seal
from torii_backend._verify.claims import auth_from_claims
from torii_backend._verify.explain_texts import Rejected, Texts, header_of
from torii_backend.errors import InvalidToken, InvalidTokenReason

if TYPE_CHECKING:
    from torii_backend._jose.es256 import VerificationKey
    from torii_backend._keys.keystore import KeyStore
    from torii_backend._verify.verifier import Verifier
    from torii_backend.auth import Auth

Outcome = Literal["ok", "failed", "not reached", "not checked"]

_HEADER = ("header", "alg", "crit", "kid")
_CLAIMS = ("sub", "pid", "iat", "exp", "expiry", "issue", "nbf", "aud")
_ALL = ("form", *_HEADER, "key", "signature", "payload", "iss", *_CLAIMS, "revocation")


class Rule(NamedTuple):
    """One rule of the verification.

    Attributes:
        name: `form`, `header`, `alg`, `crit`, `kid`, `key`, `signature`, `payload`, `iss`, `sub`, `pid`,
            `iat`, `exp`, `nbf`, `aud` or `revocation`; `expiry` and `issue` compare `exp` and `iat` with
            the clock.
        outcome: `ok`, `failed`, `not reached`, or `not checked` without the issuer's keys.
        expected: of a failed rule, what would be accepted.
        actual: of a failed rule, what the token has. Never a signature or key material.
        hint: of a failed rule, what the cause may be; or empty.
    """

    name: str
    outcome: Outcome
    expected: str = ""
    actual: str = ""
    hint: str = ""


class Explanation:
    """What a Verifier says of a token. Its `repr` shows no claims.

    Attributes:
        rules: in the order of verification.
        reason: that of the InvalidToken which `Verifier.verify` raises; None without a failed rule.
        auth: what `Verifier.verify` returns; None unless it accepts the token.
        signature_checked: False if no keys are known. Then anybody may have made the token, whatever
            the other rules say.
        claims: those that the token has, read-only; None if they can't be read. Don't trust them
            unless there is an `auth`.
    """

    def __init__(
        self,
        rules: tuple[Rule, ...],
        reason: Optional[InvalidTokenReason],
        auth: Optional[Auth],
        claims: Optional[Mapping[str, Any]],
        *,
        signature_checked: bool,
    ) -> None:
        self.rules = rules
        self.reason = reason
        self.auth = auth
        self.claims = claims
        self.signature_checked = signature_checked

    def __repr__(self) -> str:
        verdict = "accepted" if self.auth is not None else self.reason
        return f"Explanation({verdict or 'signature not checked'})"


def explain(token: Union[str, bytes], verifier: Verifier) -> Explanation:
    """Judge a token by the settings and the known keys of a Verifier.

    Args:
        token: a compact JWS, without the word Bearer.
        verifier: call its `warm` before, as no keys are fetched here.

    Returns:
        The rules with their outcomes. This never raises InvalidToken.
    """
    sealed = seal(token)
    jws = sealed if sealed.is_well_formed() else None
    judge = _Judge(verifier)
    auth: Optional[Auth] = None
    reason: Optional[InvalidTokenReason] = None
    texts = Texts()
    claims = None if jws is None else jws.unverified_claims()
    try:
        auth = judge.judge(jws)
    except InvalidToken as error:
        reason = error.reason
        header = None if jws is None else header_of(jws.header())
        rejected = Rejected(token, header, claims, verifier, judge.now)
        texts = rejected.texts(judge.reached[-1], names_claim=error.claim is not None)
    return Explanation(
        _rules(judge, texts, failed=reason is not None),
        reason,
        auth if judge.has_keys else None,
        claims,
        signature_checked="signature" in judge.reached and judge.has_keys,
    )


def _rules(judge: _Judge, texts: Texts, *, failed: bool) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    for name in judge.reached:
        is_checked = judge.has_keys or name not in {"key", "signature"}
        rules.append(Rule(name, "ok" if is_checked else "not checked"))
    if failed:
        rules[-1] = Rule(rules[-1].name, "failed", *texts)
    rules += [Rule(name, "not reached") for name in _ALL if name not in judge.reached]
    needless = {"aud"} if judge.verifier._audience is None else set()
    if judge.verifier.revocations is None:
        needless.add("revocation")
    return tuple(rule for rule in rules if rule.name not in needless)


class _Judge:
    """Calls what a Verifier calls, in its order, and notes which rules are reached."""

    def __init__(self, verifier: Verifier) -> None:
        self.verifier = verifier
        self.now: float = verifier._clock.time()
        self.reached: list[str] = []  # if the token is rejected, by the last of them
        self.has_keys = True

    def judge(self, jws: Optional[Sealed]) -> Auth:
        """Return the Auth of a token, or raise InvalidToken."""
        self._reach("form")
        if jws is None:
            raise InvalidToken("malformed")
        keystore, key = self._key(jws)
        self._reach("signature")
        if key is not None and jws.claims(key) == "bad_signature":
            raise InvalidToken("bad_signature")
        self._reach("payload")
        claims = jws.unverified_claims()
        if claims is None:
            raise InvalidToken("malformed")
        self._reach("iss")
        if self.verifier._keystore_for(claims) is not keystore:
            raise InvalidToken("wrong_issuer")
        return self._auth(claims, keystore)

    def _key(self, jws: Sealed) -> tuple[KeyStore, Optional[VerificationKey]]:
        """Return the key of a token; None if no keys are known."""
        verifier = self.verifier
        keystore = verifier._keystores[verifier.issuers[0]]
        rejected, kid = _rejected_header(jws)
        now = verifier._aging.now()
        # A token whose key is known is verified before its issuer is looked at, if there is only one.
        if len(verifier.issuers) > 1 or rejected or keystore.known_key(kid, now) is None:
            keystore = self._claimed_keystore(jws)
        if rejected is not None:
            self._reach(*_up_to(_HEADER, _rule_of_header(rejected, jws)))
            raise rejected
        self._reach(*_HEADER, "key")
        self.has_keys = keystore.usable(now) is not None
        key = keystore.known_key(kid, now)
        if key is None and self.has_keys:
            raise InvalidToken("unknown_key")
        return keystore, key

    def _claimed_keystore(self, jws: Sealed) -> KeyStore:
        claimed = jws.issuer(self.verifier._keystores)
        self._reach("payload" if claimed is None else "iss")
        return self.verifier._claimed_keystore(jws)

    def _auth(self, claims: dict[str, Any], keystore: KeyStore) -> Auth:
        verifier = self.verifier
        try:
            auth = auth_from_claims(
                claims, keystore.issuer, verifier._audience, verifier._leeway, self.now
            )
        except InvalidToken as error:
            self._reach(*_up_to(_CLAIMS, self._rule_of_claims(error, claims)))
            raise
        self._reach(*_CLAIMS, "revocation")
        verifier._refuse_revoked(auth, self.now)
        return auth

    def _rule_of_claims(self, error: InvalidToken, claims: Mapping[str, Any]) -> str:
        if error.reason == "expired":
            return "expiry"
        if error.reason == "not_yet_valid":
            return "issue" if claims["iat"] > self.now + self.verifier._leeway else "nbf"
        return error.claim or "aud"

    def _reach(self, *names: str) -> None:
        # An issuer that is looked at early, to find its keys, is checked again after the signature.
        self.reached = [name for name in self.reached if name not in names] + [*names]


def _up_to(names: tuple[str, ...], last: str) -> tuple[str, ...]:
    return names[: names.index(last) + 1]


def _rejected_header(jws: Sealed) -> tuple[Optional[InvalidToken], str]:
    """Return why the header is rejected, or None; and its kid."""
    try:
        return None, parse_header(jws.header())
    except InvalidToken as error:
        return error, ""


def _rule_of_header(error: InvalidToken, jws: Sealed) -> str:
    header = header_of(jws.header())
    if header is None:
        return "header"
    if error.reason == "unsupported_algorithm":
        return "alg"
    if "crit" in header or header.get("b64", True) is not True:
        return "crit"
    kid = header.get("kid")
    # A header that is too large is malformed as a whole.
    return "header" if isinstance(kid, str) and kid else "kid"
