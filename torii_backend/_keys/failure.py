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

_HIDDEN = (
    (re.compile(r"[a-z][a-z0-9+.-]*://[^\s'\"<>]*", re.IGNORECASE), "<URL>"),
    # Also a part of one. What it begins with is `{` in base64url; names of modules have dots, too.
    (re.compile(r"\be[yw][\w-]{14,}(?:\.[\w-]*)*"), "<token>"),
    # Pydantic quotes the setting that is wrong.
    (re.compile(r"input_value=.*?(?=, input_type=)", re.DOTALL), "input_value=<secret>"),
    (
        re.compile(
            r"((?:bearer|basic|password|passwd|secret|token|api[_-]?key|authorization)"
            r"[\"']?\s*[:=\s]\s*[\"']?)(?!(?:is|was|must|not|for)\b)"
            r"(?:(?:bearer|basic)\s+)?[^\s,;)}\]]+",
            re.IGNORECASE,
        ),
        r"\1<secret>",
    ),
    (re.compile(r"[^\s'\"/]+:[^\s'\"/]+@"), "<secret>@"),
    # The reason often comes last, after objects of the HTTP library that take its place.
    (re.compile(r"<[\w.<>]{1,200} object at 0x[0-9a-f]+>:?"), ""),
    (re.compile(r"\b\w{1,200}\(host='[^']{1,200}', port=\d+\): ?"), ""),
    (re.compile(r"Max retries exceeded with url: \S+ \(Caused by (.*)\)", re.DOTALL), r"\1"),
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
    name, message = type(error).__name__, _text_of(error)
    if not isinstance(error, FetchError):
        return f"{name}: {message}" if message else name
    cause = error.__cause__
    return message if cause is None else f"{message}: {_text_of(cause)}"


def _text_of(error: BaseException) -> str:
    try:
        return scrubbed(str(error))
    except Exception:  # noqa: BLE001 (a class of the user's, whose text is only for the log)
        return ""


def scrubbed(text: str) -> str:
    """Return a text as one line without URLs and secrets, cut if it is long."""
    text = without_key(text[:10_000])
    for pattern, replacement in _HIDDEN:
        text = pattern.sub(replacement, text)
    return text.strip()[:_LONGEST]
