"""JWT templates: claims that a tenant adds to tokens, such as {"plan": "{{ user.public_metadata.plan }}"}. Pure.

What is substituted is never read again, so a name such as `{{ user.email }}` stays as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from torii_backend.emulator.store.users import StoredUser

# They say whose token it is, and how long it lives. Torii doesn't publish what a template may do to them.
RESERVED: frozenset[str] = frozenset(
    ("iss", "sub", "pid", "iat", "exp", "nbf", "act", "impersonating", "org_id", "org_role", "o")
)
_NAMES = ("id", "email", "email_verified", "name", "first_name", "last_name", "public_metadata")
_MAX_DEPTH = 64
# Of the default, the escapes are those of JSON.
_SHORTCODE = re.compile(
    r'\{\{\s*user\.([^\s|{}"]+)\s*(?:\|\|\s*("(?:[^"\\]|\\.)*")\s*)?\}\}', re.DOTALL
)


class TemplateError(ValueError):
    """A template can't be used. The message begins with `must`."""


class Template:
    """A JWT template: a JSON object whose texts may have shortcodes, checked."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        taken = sorted(RESERVED.intersection(document))
        if taken:
            raise TemplateError(f"must not set the claim {taken[0]}, which the tenant sets itself.")
        _check(document, _MAX_DEPTH)
        self._document = document

    def claims(self, user: StoredUser) -> dict[str, Any]:
        """Return the claims of a user."""
        return {name: _rendered(value, user) for name, value in self._document.items()}


def _check(value: Any, levels: int) -> None:
    """Raise TemplateError for what is nested too deeply, and for a shortcode that means nothing."""
    if levels == 0:
        raise TemplateError(f"must be at most {_MAX_DEPTH} levels deep.")
    if isinstance(value, Mapping):
        if any("{{" in name for name in value):
            raise TemplateError("must have shortcodes in values only, not in names.")
        for member in value.values():
            _check(member, levels - 1)
    elif isinstance(value, list):
        for member in value:
            _check(member, levels - 1)
    elif isinstance(value, str):
        for found in _SHORTCODE.finditer(value):
            _check_shortcode(found)
        if "{{" in _SHORTCODE.sub(" ", value):
            raise TemplateError(
                'must have shortcodes such as {{ user.email }} or {{ user.name || "unknown" }}.'
            )


def _check_shortcode(found: re.Match[str]) -> None:
    name, *path = found[1].split(".")
    if name not in _NAMES or (path and name != "public_metadata") or "" in path:
        raise TemplateError(
            f"must have shortcodes of user.{', user.'.join(_NAMES[:-1])} or user.public_metadata "
            "with a path, such as user.public_metadata.plan."
        )
    try:
        json.loads(found[2] or '""', strict=False)
    except ValueError:
        raise TemplateError(
            'must have defaults that are JSON texts, such as {{ user.name || "unknown" }}.'
        ) from None


def _rendered(value: Any, user: StoredUser) -> Any:
    if isinstance(value, str):
        whole = _SHORTCODE.fullmatch(value)
        if whole is not None:
            return _value(whole, user)
        return _SHORTCODE.sub(lambda found: _as_text(_value(found, user)), value)
    if isinstance(value, Mapping):
        return {name: _rendered(member, user) for name, member in value.items()}
    return [_rendered(member, user) for member in value] if isinstance(value, list) else value


def _value(found: re.Match[str], user: StoredUser) -> Any:
    """Return the value of a shortcode, with its JSON type; its default if that is missing or null."""
    name, *path = found[1].split(".")
    value = user.email_verified_at is not None if name == "email_verified" else getattr(user, name)
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    if value is None and found[2] is not None:
        return json.loads(found[2], strict=False)
    return value


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
