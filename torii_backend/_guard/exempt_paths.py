"""Which paths a guard leaves open. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Mapping
from typing import Any, Callable, Optional, Union
from urllib.parse import quote, unquote

from torii_backend._guard.request import HeadersRequest, IncomingRequest
from torii_backend.errors import ConfigurationError

# Some Pythons end a path at a NUL when they normalise it; U+FFFD replaces bytes that are not UTF-8,
# which some routers leave out.
_UNSURE = re.compile("[\x00-\x1f\x7f\ufffd]")
# Characters allowed unencoded in a path (RFC 3986 section 3.3), besides letters and digits.
_PCHAR = "/-._~!$&'()*+,;=:@"


class RequestPath(str, IncomingRequest):
    """A path in one of its forms, which is also the request: functions may take either.

    Args:
        path: the path in this form. It is `path` of the request as well.
        request: the request itself.
    """

    __slots__ = ("_request", "method")

    _request: IncomingRequest

    def __new__(cls, path: str, request: IncomingRequest) -> RequestPath:
        """Make one form of the path of a request."""
        form = super().__new__(cls, path)
        form._request = request
        form.method = request.method
        return form

    @property
    def path(self) -> str:
        """The path in this form."""
        return str(self)

    @property
    def remote_address(self) -> str:
        """The IP address of the peer; empty if unknown."""
        return self._request.remote_address

    def getlist(self, name: str) -> list[str]:
        """List the values of a header."""
        return self._request.getlist(name)

    def paths(self) -> Optional[tuple[str, str]]:
        """Return the path as it was sent and as decoded."""
        return self._request.paths()


# A mapping is a collection of its keys. As a type of its own it would hide what a lambda takes.
Exempt = Collection[Union[str, Callable[[RequestPath], bool]]]
_NO_HEADERS = HeadersRequest(None)


class ExemptPaths:
    """Paths that need no sign-in: exact ones, prefixes that end in `*`, and what functions say.

    A request is exempt only if its path matches as it was sent and also once it is decoded and
    normalised: a spelling that a router might take for something else is never exempt, nor is what
    does not start with a slash.

    Args:
        paths: such as `/health` or `/static/*`; a function is given the path in each of its forms, as
            a `RequestPath`, and has to return True for all of them.

    Raises:
        ConfigurationError: a path does not start with a slash or is not in its normal form.
    """

    def __init__(self, paths: Exempt = ()) -> None:
        if isinstance(paths, (str, bytes)) or not isinstance(paths, Collection):
            raise ConfigurationError("exempt must be a list of paths, such as ['/health'].")
        reasons = _checked_reasons(paths) if isinstance(paths, Mapping) else {}
        self._functions = tuple(path for path in paths if callable(path))
        patterns = [_checked_pattern(path) for path in paths if not callable(path)]
        # A path as it was sent has some letters percent-encoded.
        spellings = {
            spelling: plain for plain in patterns for spelling in (plain, quote(plain, _PCHAR))
        }
        self._exact = frozenset(plain for plain in spellings if not plain.endswith("*"))
        self._prefixes = tuple(plain[:-1] for plain in spellings if plain.endswith("*"))
        self._is_any = bool(self._exact or self._prefixes or self._functions)
        # For audits: each spelling with its reason, or else as it was written.
        self.shown: dict[str, str] = {
            spelling: reasons.get(plain, plain) for spelling, plain in spellings.items()
        }
        self.reasons_of_functions: tuple[str, ...] = tuple(
            reasons.get(each, "") for each in self._functions
        )

    def __bool__(self) -> bool:
        """Return whether any path may be exempt."""
        return self._is_any

    def matches(self, raw_path: str, path: str, request: IncomingRequest = _NO_HEADERS) -> bool:
        """Return whether a request is exempt.

        Args:
            raw_path: the path as it was sent, still percent-encoded; the same as `path` if the
                server does not tell.
            path: the path as the application sees it, percent-decoded once.
            request: the request, for functions.
        """
        if _UNSURE.search(path + unquote(raw_path)):
            return False
        forms = {raw_path, path, _normalised(raw_path)}
        # Quart has its own rules for splitting a URL.
        if not all(form.startswith("/") for form in forms):
            return False
        if all(map(self._lists, forms)):
            return True
        requests = [RequestPath(form, request) for form in forms] if self._functions else []
        return any(all(function(form) is True for form in requests) for function in self._functions)

    def may_match(self, path: str) -> bool:
        """Return whether a plain path may be exempt. No function is called, so with one it may."""
        return bool(self._functions) or self._lists(path)

    def _lists(self, path: str) -> bool:
        return path in self._exact or path.startswith(self._prefixes)


def require_mount_point(root_path: Optional[str]) -> str:
    """Return the path of a mount point without trailing slash; empty if there is none."""
    plain = root_path.rstrip("/") if isinstance(root_path, str) else root_path
    if not plain:
        return ""
    if not isinstance(plain, str) or not plain.startswith("/") or _normalised(plain) != plain:
        raise ConfigurationError(
            "root_path must be the path that the application is mounted at, such as /api."
        )
    return plain


def _checked_reasons(paths: Mapping[Any, Any]) -> Mapping[Any, str]:
    for reason in paths.values():
        if not isinstance(reason, str) or not reason.strip():
            raise ConfigurationError(
                "each reason in exempt must be a text, such as {'/health': 'load balancer'}."
            )
    return paths


def _checked_pattern(pattern: str) -> str:
    plain = pattern[:-1] if isinstance(pattern, str) and pattern.endswith("*") else pattern
    if not isinstance(plain, str) or not plain.startswith("/"):
        raise ConfigurationError("each exempt path must be a string that starts with a slash.")
    if "*" in plain or "?" in plain or "#" in plain or _normalised(plain) != plain:
        raise ConfigurationError(
            "each exempt path must be plain: decoded, without '//', '.' or '..', '*' only at the end."
        )
    return pattern


def _normalised(raw_path: str) -> str:
    """Decode a path once and resolve its dots and repeated slashes."""
    decoded = unquote(raw_path)
    normal = posixpath.normpath(decoded).replace("//", "/")
    return normal + "/" if decoded.endswith("/") and normal != "/" else normal
