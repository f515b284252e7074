"""SecretKey: the key of the REST API, kept out of everything that is printed, logged or stored."""

from __future__ import annotations

import os
import re
from typing import Any, AnyStr, NoReturn, Optional
from urllib.parse import urlsplit

from torii_backend.errors import ConfigurationError
from torii_backend.settings import is_loopback

_MASK = "[secret key]"


class _Header(str):
    """The value of a header whose repr, which reports of errors show, is masked."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(_MASK)


class SecretKey:
    """A secret key that only the Authorization header reveals; None reads TORII_SECRET_KEY."""

    # Nothing is checked here: an error would carry the caller's variables in its traceback.
    __slots__ = ("_value",)

    def __init__(self, value: Any = None) -> None:
        self._value = os.environ.get("TORII_SECRET_KEY", "") if value is None else value

    def check(self) -> None:
        """Raise ConfigurationError if this can't be a secret key."""
        problem = self._problem()
        if problem is not None:
            raise ConfigurationError(problem)
        self._value = self._value.strip()

    def check_for(self, api_url: str) -> None:
        """Raise ConfigurationError if this is a live key, and other machines could read it on its way."""
        parts = urlsplit(api_url)
        is_readable = parts.scheme == "http" and not is_loopback(parts.hostname)
        # Anywhere in it, as in `refuse_live_key`: what reads an env file may keep quotes.
        if is_readable and "sk_live_" in self._value:
            raise ConfigurationError(
                "secret_key must be a test key, such as sk_test_…, for plain http to an insecure host. "
                "This is a live key (sk_live_)."
            )

    @property
    def authorization(self) -> str:
        """Return the value of the Authorization header (RFC 6750 section 2.1)."""
        return _Header(f"Bearer {self._value}")

    def masked(self, text: AnyStr) -> AnyStr:
        """Mask the key in text that may quote it, plain or escaped as JSON, URLs and HTML do it."""
        if isinstance(text, bytes):
            return self.masked(text.decode("latin-1")).encode("latin-1")
        text = text.replace(self._value, _MASK)
        # Escapes are masked before anything decodes them. A JSON text stays one.
        if any(mark in text for mark in ("\\", "%", "&#", "\0")):
            text = re.sub("".join(map(_any_form, self._value)), _MASK, text)
        return text

    def why_refused(self, *, is_local: bool) -> Optional[str]:
        """Return a clause with the likely reason of a 401; None if the key looks right."""
        if not self._value.startswith("sk_"):
            return "the secret key does not begin with sk_live_ or sk_test_"
        if self._value.startswith("sk_live_") and is_local:
            return "a live key (sk_live_) was sent to a local server"
        if self._value.startswith("sk_test_") and not is_local:
            return "a test key (sk_test_) was sent to what may be a live host"
        return None

    def _problem(self) -> Optional[str]:
        value = self._value
        if not isinstance(value, str):
            return "secret_key must be a string."
        value = value.strip()
        if not value:
            return (
                "No secret key is configured. Pass secret_key= or set the environment variable "
                "TORII_SECRET_KEY."
            )
        if value.startswith("pk_"):
            return "secret_key must be the secret key, which begins with sk_. This is a publishable key."
        if not value.isascii() or not value.isprintable() or " " in value:
            return "secret_key must be one word of plain ASCII characters."
        return None

    def __repr__(self) -> str:
        return _MASK

    def __reduce__(self) -> NoReturn:
        raise TypeError("A secret key can't be pickled or copied.")


def _any_form(character: str) -> str:
    """Return a pattern for a character of a key, as it is or escaped."""
    code = ord(character)
    hexadecimal = "".join(f"[{one}{one.upper()}]" for one in f"{code:x}")
    forms = (
        re.escape(character),
        # Bounded, because repeats without an end take quadratic time.
        rf"\\{{1,8}}(?:(?:u00|x){hexadecimal}|{re.escape(character)})",  # also JSON within JSON
        rf"%(?:25){{0,3}}{hexadecimal}",
        rf"&#(?:0{{0,5}}{code}|[xX]0{{0,5}}{hexadecimal});?",
    )
    return rf"(?:{'|'.join(forms)})\0?"
