"""Settings: keyword arguments first, then the environment. Checked when an object is made."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Any, Optional, TypeVar, Union
from urllib.parse import SplitResult, urlsplit, urlunsplit

from torii_backend.errors import ConfigurationError
from torii_backend.plain_http import is_private_name, warn_once, why_refused

if TYPE_CHECKING:
    from typing_extensions import Self

Same = TypeVar("Same")
Issuer = Union[str, Collection[str], None]
Audience = Union[str, Collection[str], None]
InsecureHosts = Union[str, Collection[str], None]

DEFAULT_API_URL = "https://api.torii.so"

DEFAULT_FETCH_TIMEOUT = 5.0
FETCH_TIMEOUTS = (0.1, 60.0)

# A century. Anything longer is a mistake, and may not even fit a float.
_MAX_SECONDS = 3_155_760_000
_KEY = re.compile(r"\b[sp]k_[a-z]+_\S*")
_BLANKED_KEY = "sk_…"
# Before a host, or before what looks like one because the password has a slash; and after a path.
_USER = re.compile(r"//(?:[^/?#]*|[^/?#\[]*:(?!\d*[/?#]).*)@")
_QUERY = re.compile(r"[?#].*", re.DOTALL)
# A token of HTTP, such as the name of a header or a method (RFC 9110 section 5.6.2).
HTTP_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
# An address in brackets is a whole host. Older versions of urlsplit drop what is around it (CVE-2025-0938).
_AROUND_BRACKETS = re.compile(r"[^@]\[|\][^:]")
_NO_HOST = re.compile(r"[*,;%\\<>\"'^`{|}]")
_KEY_SET_PATH = re.compile(r"\.well-known|/_torii|jwks|\.json/*\Z", re.IGNORECASE)


class Unchanging:
    """An object that never changes, or that is shared on purpose: copies of it are itself."""

    __slots__ = ()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: object) -> Self:
        return self


def package_version() -> str:
    """Return the version of the installed distribution; `unknown` without its metadata."""
    # Only a fetch or a call needs it, so start-up does not pay for the import.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("torii-backend")
    except PackageNotFoundError:
        # A bare checkout, or an application that was bundled without metadata.
        return "unknown"


def resolve_issuers(issuer: Issuer = None, insecure_hosts: InsecureHosts = None) -> tuple[str, ...]:
    """Return the trusted issuer URLs without trailing slash; None reads TORII_ISSUER.

    Their hosts may be those of `resolve_insecure_hosts`, too.
    """
    hosts = resolve_insecure_hosts(insecure_hosts)
    if issuer is None:
        issuer = [part for part in os.environ.get("TORII_ISSUER", "").split(",") if part.strip()]
    # No variable holds a password: a traceback may show variables.
    issuer = without_secrets(issuer)
    candidates = [issuer] if isinstance(issuer, str) else _strings(issuer, "issuer")
    if not candidates:
        raise ConfigurationError(
            "issuer must be set, such as https://acme.torii.so. Pass issuer= or set TORII_ISSUER."
        )
    return tuple(
        dict.fromkeys(_checked_issuer(candidate.strip(), hosts) for candidate in candidates)
    )


def resolve_insecure_hosts(insecure_hosts: InsecureHosts = None) -> frozenset[str]:
    """Return the hosts that plain http may go to besides loopback; None reads TORII_INSECURE_HOSTS."""
    name = "insecure_hosts"
    if insecure_hosts is None:
        name = "TORII_INSECURE_HOSTS"
        insecure_hosts = [each for each in os.environ.get(name, "").split(",") if each.strip()]
    listed = [insecure_hosts] if isinstance(insecure_hosts, str) else _strings(insecure_hosts, name)
    hosts = frozenset(host.strip().lower() for host in listed)
    if not all(is_private_name(host) or is_loopback(host) for host in hosts):
        raise ConfigurationError(
            f"{name} must be host names that can't be public, such as torii or torii.internal. Leave out "
            "schemes and ports."
        )
    if hosts:
        refuse_live_key(name)
    return hosts


def resolve_audience(audience: Audience) -> Optional[frozenset[str]]:
    """Return the accepted `aud` values; None skips the audience check."""
    if audience is None:
        return None
    accepted = frozenset(
        [audience] if isinstance(audience, str) else _strings(audience, "audience")
    )
    if not accepted or "" in accepted:
        raise ConfigurationError("audience must not be empty. Leave it out to skip the check.")
    return accepted


def resolve_api_url(api_url: Optional[str] = None, insecure_hosts: InsecureHosts = None) -> str:
    """Return the base URL of the REST API without trailing slash; None reads TORII_API_URL.

    Its host may be one of `resolve_insecure_hosts`, too.
    """
    hosts = resolve_insecure_hosts(insecure_hosts)
    if api_url is None:
        api_url = os.environ.get("TORII_API_URL", "").strip() or DEFAULT_API_URL
    api_url = without_secrets(api_url)
    if not isinstance(api_url, str):
        raise ConfigurationError("api_url must be a string.")
    address = api_url.strip()
    if address.startswith(("sk_", "pk_")) or _BLANKED_KEY in without_key(address):
        raise ConfigurationError(
            "api_url must be a URL without a Torii key. Pass the key as secret_key instead."
        )
    check_address(address, "api_url", f"URL of Torii's API, such as {DEFAULT_API_URL}", hosts)
    if "/api/server" in urlsplit(address).path:
        raise ConfigurationError(
            "api_url must be the base URL of the API host. Leave out the path /api/server/v1."
        )
    return address.rstrip("/")


def without_key(setting: Any) -> Any:
    """Mask anything that looks like a Torii key, so that tracebacks can't leak it."""
    return _KEY.sub(_BLANKED_KEY, setting) if isinstance(setting, str) else setting


def without_secrets(address: Any) -> Any:
    """Mask what no URL in a setting may have: a key, a user with a password, a query. They are refused."""
    if isinstance(address, str):
        masked = _QUERY.sub("?…", _USER.sub("//…@", address))
        return _KEY.sub(_BLANKED_KEY, masked)
    if isinstance(address, (list, tuple, set, frozenset)):
        return [without_secrets(each) for each in address]
    return address


def refuse_live_key(used: str) -> None:
    """Raise if the environment has a live secret key, beside what must not be used with one."""
    # Anywhere in it: `docker --env-file` keeps quotes, and some editors put a mark before the first line.
    if "sk_live_" in os.environ.get("TORII_SECRET_KEY", ""):
        raise ConfigurationError(
            f"TORII_SECRET_KEY must be a test key, such as sk_test_…, if you use {used}. It is a live key "
            "(sk_live_)."
        )


def require_seconds(seconds: float, name: str) -> float:
    """Check a number of seconds: finite, zero or more."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise ConfigurationError(f"{name} must be a number of seconds, such as 30.")
    if not 0 <= seconds <= _MAX_SECONDS:
        raise ConfigurationError(f"{name} must be a finite number of seconds, zero or more.")
    return seconds


def resolve_fetch_timeout(fetch_timeout: Optional[float]) -> float:
    """Return the seconds that a key fetch may take; None reads TORII_FETCH_TIMEOUT."""
    name, least, most = "fetch_timeout", *FETCH_TIMEOUTS
    seconds: object = fetch_timeout
    if fetch_timeout is None:
        setting = os.environ.get("TORII_FETCH_TIMEOUT", "").strip()
        if not setting:
            return DEFAULT_FETCH_TIMEOUT
        name, seconds = "TORII_FETCH_TIMEOUT", _number(setting)
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise ConfigurationError(f"{name} must be a number of seconds, such as 5.")
    if not least <= seconds <= most:
        raise ConfigurationError(f"{name} must be from {least:g} to {most:g} seconds, such as 5.")
    return float(seconds)


def require_non_negative_int(count: int, name: str) -> int:
    """Check a whole number, zero or more."""
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise ConfigurationError(f"{name} must be a whole number, zero or more.")
    return count


def require_bool(switch: bool, name: str) -> bool:
    """Check an option that is True or False."""
    if not isinstance(switch, bool):
        raise ConfigurationError(f"{name} must be True or False.")
    return switch


def require_header_name(header: str) -> str:
    """Check the name of the header that carries the token (RFC 9110 section 5.1); lower it."""
    if not isinstance(header, str) or not HTTP_TOKEN.match(header):
        raise ConfigurationError(
            "header must be the name of an HTTP header, such as authorization."
        )
    return header.lower()


def require_scheme(scheme: Optional[str]) -> Optional[str]:
    """Check the scheme of the credentials (RFC 9110 section 11.1); lower it."""
    if scheme is None or (isinstance(scheme, str) and scheme.lower() == "bearer"):
        return scheme and scheme.lower()
    raise ConfigurationError('scheme must be "bearer", or None for a header with the token alone.')


def is_async_function(function: object) -> bool:
    """Return whether calling this returns a coroutine, also behind a partial or a `__call__`."""
    # Only guards and those who bring their own fetch ask: it takes milliseconds to import.
    from inspect import iscoroutinefunction

    while isinstance(function, partial):
        function = function.func
    call = type(function).__call__ if callable(function) else None
    return iscoroutinefunction(function) or iscoroutinefunction(call)


def meant_by(name: str, known: Collection[str]) -> Optional[str]:
    """Return which of the known names a name is a slip away from; None if it is one, or is none of ours."""
    if name in known:
        return None
    # Not at the top: only a name that may be wrong needs it.
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, known, 1, 0.85)), None)


def is_loopback(host: Optional[str]) -> bool:
    """Return whether a host name or address is a loopback one."""
    if host == "localhost":
        return True
    # Only plain http asks this question, so a process with an https issuer never pays this import.
    import ipaddress

    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def is_local(url: str) -> bool:
    """Return whether a URL that was checked here is that of a local Torii: plain http, or on loopback."""
    parts = urlsplit(url)
    return parts.scheme == "http" or is_loopback(parts.hostname)


def _number(text: str) -> Optional[float]:
    try:
        return float(text)
    except ValueError:
        return None


def _strings(values: object, name: str) -> list[str]:
    if isinstance(values, Collection) and not isinstance(values, (bytes, bytearray)):
        found = list(values)
        if all(isinstance(value, str) for value in found):
            return found
    raise ConfigurationError(f"{name} must be a string or a collection of strings.")


def _checked_issuer(issuer: str, hosts: frozenset[str]) -> str:
    if issuer.startswith(("sk_", "pk_")):
        raise ConfigurationError(
            "issuer must be the URL of your tenant host, such as https://acme.torii.so, not a Torii key."
        )
    parts = check_address(issuer, "issuer", "URL such as https://acme.torii.so", hosts)
    if _KEY_SET_PATH.search(parts.path):
        raise ConfigurationError(
            "issuer must be the base URL of your tenant host. Leave out the JWKS path."
        )
    return _in_normal_form(parts).rstrip("/")


def _in_normal_form(parts: SplitResult) -> str:
    """Write an address as tokens have it: in lower case but for the path, without default port."""
    default = {"https": ":443", "http": ":80"}[parts.scheme]
    netloc = parts.netloc.lower().removesuffix(default)
    return urlunsplit((parts.scheme, netloc, parts.path, "", ""))


def check_address(
    address: str, name: str, wanted: str, hosts: frozenset[str] = frozenset()
) -> SplitResult:
    """Check the URL of a host: https, or http on loopback or to one of `hosts`, and nothing else."""
    parts = _split_url(address)
    if parts is None:
        raise ConfigurationError(f"{name} must be the full {wanted}.")
    if _NO_HOST.search(parts.netloc):
        more = " Pass several issuers as a list." if name == "issuer" else ""
        raise ConfigurationError(f"{name} must be a single {wanted}, without wildcards.{more}")
    is_insecure = parts.scheme == "http" and not is_loopback(parts.hostname)
    if is_insecure and parts.hostname not in hosts:
        raise ConfigurationError(why_refused(name, parts.hostname or ""))
    if "@" in parts.netloc or parts.query or parts.fragment or "?" in address or "#" in address:
        raise ConfigurationError(f"{name} must be a URL without user, query or fragment.")
    if is_insecure:
        warn_once(parts.hostname or "")
    return parts


def _split_url(url: str) -> Optional[SplitResult]:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("https", "http") and parts.hostname and parts.port != 0
    except ValueError:
        return None
    if not usable or _AROUND_BRACKETS.search(parts.netloc):
        return None
    return parts if url.isprintable() and " " not in url else None
