"""What `torii explain` prints of an Explanation: text or JSON, never the token or its signature."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Optional

from torii_backend._verify.claims import _END_OF_9999, _organization
from torii_backend._verify.explain import Explanation, Rule
from torii_backend._verify.explain_texts import relative, shown, utc
from torii_backend.errors import SENTENCES

_MEANINGS = {
    "form": "three segments of base64url",
    "header": "a JSON object",
    "alg": "signed with ES256",
    "crit": "no extensions that must be understood",
    "kid": "names a key",
    "key": "the issuer publishes this key",
    "signature": "made with this key",
    "payload": "a JSON object",
    "iss": "an issuer that you trust",
    "sub": "the user",
    "pid": "the environment",
    "iat": "when it was issued",
    "exp": "when it expires",
    "expiry": "not expired",
    "issue": "not issued in the future",
    "nbf": "valid already",
    "aud": "meant for your audience",
}
_TIMES = {"iat": "issued", "nbf": "not before", "exp": "expires"}


class Explained(NamedTuple):
    """An explanation, and what the command knows besides.

    Attributes:
        explanation: of the token.
        policy: rules for `--role`, `--organization` and `--claim`.
        keys_problem: why keys could not be fetched, or empty.
        clock_offset: by how many seconds the clock of the issuer is ahead, if that is known.
        now: seconds since 1970.
    """

    explanation: Explanation
    policy: list[Rule]
    keys_problem: str
    clock_offset: Optional[float]
    now: float

    @property
    def is_allowed(self) -> bool:
        """Whether the token is accepted and the policy holds."""
        accepted = self.explanation.auth is not None
        return accepted and all(rule.outcome == "ok" for rule in self.policy)


def as_json(explained: Explained, *, with_claims: bool) -> str:
    """Return an object; docs/commands.md describes it."""
    explanation = explained.explanation
    claims = explanation.claims
    document: dict[str, Any] = {
        "accepted": explanation.auth is not None,
        "allowed": explained.is_allowed,
        "reason": explanation.reason,
        "signature_checked": explanation.signature_checked,
        "keys_problem": explained.keys_problem,
        "clock_offset": explained.clock_offset,
        "rules": [rule._asdict() for rule in explanation.rules],
        "policy": [rule._asdict() for rule in explained.policy],
        "token": None if claims is None else dict(_facts(claims)),
    }
    if with_claims:
        document["claims"] = claims
    return json.dumps(document, indent=2) + "\n"


def as_text(explained: Explained, *, with_claims: bool) -> str:
    """Return lines of text."""
    explanation = explained.explanation
    lines = [*_verdict(explained), "", *_rules([*explanation.rules, *explained.policy])]
    if explanation.claims is not None:
        lines += ["", *_claims(explanation.claims, explained.now)]
        lines += [_clock(explained.clock_offset)] if explained.clock_offset is not None else []
        if with_claims:
            lines += ["", json.dumps(explanation.claims, indent=2)]
    return "".join(f"{line}\n" for line in lines)


def _verdict(explained: Explained) -> Iterator[str]:
    explanation = explained.explanation
    if explanation.auth is not None:
        yield "Accepted." if explained.is_allowed else "Accepted, but the policy is not met: 403."
    elif explanation.reason is not None:
        yield f"Rejected: {explanation.reason}. {SENTENCES[explanation.reason]}"
        yield f"Causes and remedies: docs/errors.md#{explanation.reason}"
    if explained.keys_problem and not explanation.signature_checked:
        yield f"THE SIGNATURE WAS NOT CHECKED ({explained.keys_problem}). Anybody may have made this token."


def _rules(rules: list[Rule]) -> Iterator[str]:
    width = max(len(rule.name) for rule in rules)
    for rule in rules:
        if rule.outcome != "failed":
            meaning = _MEANINGS.get(rule.name, "")
            yield f"  {rule.outcome:11}  {rule.name:{width}}  {meaning}".rstrip()
            continue
        yield f"  {rule.outcome:11}  {rule.name:{width}}  expected {rule.expected}"
        more = [f"got {rule.actual}", *([rule.hint] if rule.hint else [])]
        yield from (f"{'':{width + 17}}{text}" for text in more)


def _claims(claims: Mapping[str, Any], now: float) -> Iterator[str]:
    for name, value in _facts(claims):
        text = _time(value, now) if name in _TIMES else shown(value)
        yield f"  {_TIMES.get(name, name):12}  {text}"


def _facts(claims: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what is shown of the claims: who, when, and the organization."""
    for name in ("iss", "sub", "pid", *_TIMES):
        if name in claims:
            yield name, claims[name]
    organization_id, role = _organization(claims)
    if organization_id is not None:
        yield "organization", organization_id
        yield "role", role


def _time(value: Any, now: float) -> str:
    if type(value) not in {int, float} or not 0 <= value <= _END_OF_9999:
        return shown(value)
    texts = dict.fromkeys([_local(value), utc(value), relative(value - now)])
    return ", ".join(texts)


def _local(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M:%S %Z}"
    except (OverflowError, ValueError, OSError):  # at the ends of the calendar
        return utc(seconds)


def _clock(offset: float) -> str:
    if abs(offset) < 2:
        return "  clock         that of this machine agrees with the issuer's"
    which = "ahead of" if offset > 0 else "behind"
    return f"  clock         the issuer's is {abs(offset):g} s {which} that of this machine"
