"""What a rejected token has, and what was expected, in words. Pure.

Values of a token are shown as JSON in ASCII: they may come from anybody, and may be meant to confuse a
terminal. The signature, and the token as a whole, are never shown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Union

from torii_backend._jose import base64url
from torii_backend._jose.json_object import decode_object, is_peekable
from torii_backend._jose.jws import MAX_HEADER_BYTES, MAX_TOKEN_BYTES

if TYPE_CHECKING:
    from torii_backend._verify.verifier import Verifier

_LONGEST = 100
_TEXT = "text that is not empty"
_OBJECT = "a JSON object in base64url"
_TIMES = {"expiry": "exp", "issue": "iat", "nbf": "nbf"}
_SECONDS = "seconds since 1970, such as 1767225600"
_CLOCKS = "Do the clocks differ? Compare that of this machine with the issuer's."
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


class Texts(NamedTuple):
    """The texts of a failed rule."""

    expected: str = ""
    actual: str = ""
    hint: str = ""


class Rejected(NamedTuple):
    """A rejected token, as far as it can be read, and the Verifier that rejects it."""

    token: Union[str, bytes]
    header: Optional[Mapping[str, Any]]
    claims: Optional[Mapping[str, Any]]
    verifier: Verifier
    now: float

    def __repr__(self) -> str:
        return "Rejected()"

    def texts(self, rule: str, *, names_claim: bool) -> Texts:
        """Return what was expected and what was found.

        `rule` is the one that failed. `names_claim` tells whether it failed because a claim is missing
        or of the wrong type.
        """
        if rule == "form":
            return _texts_of_form(self.token)
        if rule in {"iss", "revocation"}:
            return self._texts_of_issuer() if rule == "iss" else self._texts_of_revocation()
        if rule == "aud":
            accepted = sorted(self.verifier._audience or ())
            return Texts(" or ".join(map(shown, accepted)), self._shown_claim("aud"))
        if names_claim:
            expected = _TEXT if rule in {"sub", "pid"} else _SECONDS
            return Texts(expected, self._shown_claim(rule))
        if rule in _TIMES:
            return self._texts_of_time(_TIMES[rule])
        return self._texts_of_signed_parts()[rule]

    def _texts_of_signed_parts(self) -> dict[str, Texts]:
        header = self.header or {}
        kid = _shown_member(header, "kid")
        known = " or ".join(map(shown, self._kids())) or "none"
        withdrawn = "Is the token of another environment, or was its key withdrawn?"
        changed = "Was the token changed or cut, or signed by another environment?"
        return {
            "header": Texts(f"{_OBJECT}, of at most 4 KiB", "something else"),
            "payload": Texts(_OBJECT, "something else"),
            "alg": Texts('"ES256"', _shown_member(header, "alg")),
            "crit": Texts("no critical extensions", "crit" if "crit" in header else "b64"),
            "kid": Texts(_TEXT, kid),
            "key": Texts(known, kid, withdrawn),
            "signature": Texts(f"a signature by the key {kid}", "another one", changed),
        }

    def _kids(self) -> list[str]:
        """Return the ids of the keys that are known for the issuer of the token."""
        verifier = self.verifier
        claimed = str((self.claims or {}).get("iss"))
        first = verifier._keystores[verifier.issuers[0]]
        keystore = verifier._keystores.get(claimed, first)
        key_set = keystore.usable(verifier._aging.now())
        return [] if key_set is None else sorted(key_set.keys)

    def _texts_of_issuer(self) -> Texts:
        expected = " or ".join(self.verifier.issuers)
        claimed = (self.claims or {}).get("iss")
        if not isinstance(claimed, str) or not claimed:
            return Texts(expected, self._shown_claim("iss"))
        hint = "A new issuer after a CNAME switch? Accept both."
        if claimed.startswith("http://"):
            hint = "A token of an emulator? Set the issuer to its address."
        return Texts(expected, shown(claimed), hint)

    def _texts_of_time(self, name: str) -> Texts:
        leeway = self.verifier._leeway
        seconds: float = (self.claims or {})[name]
        actual = f"{utc(seconds)}, {relative(seconds - self.now)}"
        if name == "exp":
            return Texts(f"later than {utc(self.now - leeway)}, which is {leeway:g} s ago", actual)
        return Texts(f"no later than {utc(self.now + leeway)}, in {leeway:g} s", actual, _CLOCKS)

    def _texts_of_revocation(self) -> Texts:
        seconds: float = (self.claims or {})["iat"]
        actual = f"issued at {utc(seconds)}, {relative(seconds - self.now)}"
        revocations = self.verifier.revocations
        assert revocations is not None  # noqa: S101 (without them this rule is not judged)
        most = revocations.max_token_age
        if seconds + most < self.now:
            return Texts(f"issued at most {most:g} s ago (max_token_age)", actual)
        hint = "Was the user banned or signed out? A new sign-in gives a token that is accepted."
        return Texts("issued after the user's tokens were revoked", actual, hint)

    def _shown_claim(self, name: str) -> str:
        return _shown_member(self.claims or {}, name)


def header_of(segment: bytes) -> Optional[Mapping[str, Any]]:
    """Return the members of a header segment, or None if it can't be read or is too large."""
    try:
        text = base64url.decode(segment)
        is_small = len(segment) <= MAX_HEADER_BYTES and is_peekable(text)
        return decode_object(text) if is_small else None
    except ValueError:
        return None


def shown(value: Any) -> str:
    """Return a value of a token as JSON in ASCII, cut if it is long."""
    text = json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def utc(seconds: float) -> str:
    """Return a time, such as `2026-01-31 12:00:00 UTC`."""
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%d %H:%M:%S} UTC"


def relative(seconds: float) -> str:
    """Return a time from now, such as `4 minutes ago` or `in 2 hours`."""
    for unit, size in _UNITS:
        count = int(abs(seconds) // size)
        if count:
            named = f"{count} {unit}{'s' * (count > 1)}"
            return f"{named} ago" if seconds < 0 else f"in {named}"
    return "now"


def _shown_member(members: Mapping[str, Any], name: str) -> str:
    return shown(members[name]) if name in members else "nothing"


def _texts_of_form(token: Union[str, bytes]) -> Texts:
    text = token if isinstance(token, str) else token.decode("latin-1")
    segments = text.count(".") + 1
    hint = ""
    if len(text) > MAX_TOKEN_BYTES:
        actual = f"{len(text)} characters"
    elif not text.isascii():
        actual = "characters that are not ASCII"
    elif segments != 3:
        actual = f"{segments} segment{'s' * (segments > 1)}"
        hint = {1: "Is it a token at all?", 5: "An encrypted token can't be verified."}.get(
            segments, ""
        )
    else:
        actual = "segments that are empty or not base64url"
        hint = "Was it cut, or has it blanks or line breaks?"
    return Texts(f"three segments of base64url, {MAX_TOKEN_BYTES} characters at most", actual, hint)
