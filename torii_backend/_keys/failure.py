"""Why a fetch failed: in words for the log, and whether the issuer or this process is at fault. Pure."""

from __future__ import annotations

import re

from torii_backend._keys.fetch import FetchError, SetUpError
from torii_backend.errors import ConfigurationError
from torii_backend.settings import without_key

# Waiting doesn't mend these: a module or file is missing, or a `fetch` has a bug. HTTP libraries
# raise none of them if the network or the issuer fails.
_SET_UP = (
    SetUpError,
    ConfigurationError,
    ImportError,
    SyntaxError,
    TypeError,
    AttributeError,
    NameError,
    LookupError,
    AssertionError,
    NotImplementedError,
    FileNotFoundError,
    PermissionError,
    IsADirectoryError,
    NotADirectoryError,
)
_LONGEST = 300

_SECRETS = (
    (re.compile(r"[a-z][a-z0-9+.-]*://[^\s'\"<>]*", re.IGNORECASE), "<URL>"),
    (re.compile(r"[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), "<token>"),
    (
        re.compile(
            r"((?:bearer|basic|password|passwd|secret|token|api[_-]?key|authorization)"
            r"[\"']?\s*[:=\s]\s*[\"']?)(?:(?:bearer|basic)\s+)?[^\s,;)}\]]+",
            re.IGNORECASE,
        ),
        r"\1<secret>",
    ),
    (re.compile(r"[^\s'\"/]+:[^\s'\"/]+@"), "<secret>@"),
    (re.compile(r"\s+"), " "),
)


def is_set_up_fault(error: BaseException) -> bool:
    """Return whether this process or its settings are at fault, and not the issuer."""
    return isinstance(error, _SET_UP)


def without_exchange(error: BaseException) -> BaseException:
    """Return an error that may be kept: one of ours without its frames, connections and cause."""
    return type(error)(describe(error)) if isinstance(error, FetchError) else error


def describe(error: BaseException) -> str:
    """Return an error and its cause as one line without URLs and secrets."""
    name, message = type(error).__name__, _scrubbed(error)
    if not isinstance(error, FetchError):
        return f"{name}: {message}" if message else name
    cause = error.__cause__
    return message if cause is None else f"{message}: {_scrubbed(cause)}"


def _scrubbed(error: BaseException) -> str:
    try:
        text: str = without_key(str(error)[:10_000])
    except Exception:  # noqa: BLE001 (a class of the user's, whose text is only for the log)
        return ""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text.strip()[:_LONGEST]
