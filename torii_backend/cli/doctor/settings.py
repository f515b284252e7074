"""Checks of the settings, and of what they say together. No I/O but for the environment."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple, Optional
from urllib.parse import urlsplit, urlunsplit

from torii_backend.cli.doctor.finding import Report
from torii_backend.cli.doctor.probe import host_of
from torii_backend.client.secret_key import SecretKey
from torii_backend.errors import ConfigurationError
from torii_backend.settings import (
    DEFAULT_API_URL,
    DEFAULT_FETCH_TIMEOUT,
    is_local,
    meant_by,
    resolve_api_url,
    resolve_fetch_timeout,
    resolve_insecure_hosts,
    resolve_issuers,
    without_key,
)

CHECKS = (
    "settings.names",
    "settings.insecure_hosts",
    "settings.issuer",
    "settings.issuer_scheme",
    "settings.issuer_form",
    "settings.issuer_path",
    "settings.secret_key",
    "settings.secret_key_form",
    "settings.api_url",
    "settings.fetch_timeout",
    "settings.live_key",
    "settings.hosts",
)
_NAMES = (
    "TORII_ISSUER",
    "TORII_SECRET_KEY",
    "TORII_API_URL",
    "TORII_FETCH_TIMEOUT",
    "TORII_INSECURE_HOSTS",
)
_OF_ISSUER = {
    "settings.issuer_scheme": "It uses https, or a host that plain http may go to.",
    "settings.issuer_form": "It is a URL without user, query and wildcards.",
    "settings.issuer_path": "It has no path.",
}
_COPY_KEY = "Copy the secret key, sk_live_… or sk_test_…, from Torii's dashboard again."
# Of a secret key, at its end.
_SHOWN = 4


class Settings(NamedTuple):
    """The settings that are usable.

    Attributes:
        issuers: those of the environment and of the application.
        secret_key: None if it is missing or has the wrong form.
        api_url: None if it has the wrong form.
        fetch_timeout: seconds.
    """

    issuers: Sequence[str]
    secret_key: Optional[str]
    api_url: Optional[str]
    fetch_timeout: float


def check_settings(report: Report, of_app: Sequence[str] = ()) -> Settings:
    """Check the environment, given the issuers that the application trusts."""
    _check_names(report)
    hosts = _check_insecure_hosts(report)
    settings = Settings(
        _check_issuers(report, of_app, hosts),
        _check_secret_key(report),
        _check_api_url(report, hosts),
        _check_fetch_timeout(report),
    )
    _check_together(report, settings)
    return settings


def masked(key: str) -> str:
    """Return what may be shown of a secret key, such as `sk_test_…a1b2`."""
    kind = next((each for each in ("sk_live_", "sk_test_") if key.startswith(each)), "")
    rest = key[len(kind) :]
    # The end of a short key would be too much of it.
    return f"{kind}…{rest[-_SHOWN:] if len(rest) >= 4 * _SHOWN else ''}"


def _setting(name: str) -> str:
    return os.environ.get(name, "")


def _check_names(report: Report) -> None:
    """Look for names that are one slip away from ours; what else begins with TORII_ is yours."""
    check = "settings.names"
    for name in sorted(os.environ):
        meant = meant_by(name, _NAMES) if name.startswith("TOR") else None
        if meant is not None:
            report.warning(
                check,
                f"Nothing reads the environment variable {name}.",
                f"Rename it to {meant}, if you meant that.",
            )
            return
    report.ok(check, "No environment variable has a name that is almost one of ours.")


def _check_insecure_hosts(report: Report) -> frozenset[str]:
    check = "settings.insecure_hosts"
    try:
        hosts = resolve_insecure_hosts()
    except ConfigurationError as error:
        remedy = "Leave TORII_INSECURE_HOSTS out, unless you use a local Torii on another host."
        report.failed(check, str(error), remedy)
        return frozenset()
    also = f", and to {', '.join(sorted(hosts))} (from TORII_INSECURE_HOSTS)" if hosts else ""
    report.ok(check, f"Plain http may go to loopback addresses{also}.")
    return hosts


def _check_issuers(report: Report, of_app: Sequence[str], hosts: frozenset[str]) -> list[str]:
    named = [part.strip() for part in _setting("TORII_ISSUER").split(",") if part.strip()]
    if not named and not of_app:
        report.failed(
            "settings.issuer",
            "No issuer is configured, so no token can be verified.",
            "Set TORII_ISSUER to the URL of your tenant host, such as https://acme.torii.so.",
        )
        report.unknown(_OF_ISSUER, "settings.issuer failed")
        return []
    issuers: list[str] = list(of_app)
    form = "Set TORII_ISSUER to the URL of your tenant host, such as https://acme.torii.so."
    problems = {}
    for each in named:
        try:
            issuers += [found for found in resolve_issuers([each], hosts) if found not in issuers]
        except ConfigurationError as error:
            problems[_part_at_fault(each, hosts)] = str(error)
    shown = ", ".join(issuers) or "an issuer that can't be used"
    source = "TORII_ISSUER" if named else "your application"
    source = "TORII_ISSUER and your application" if named and of_app else source
    report.ok("settings.issuer", f"You trust {shown} (from {source}).")
    with_path = [each for each in issuers if urlsplit(each).path]
    for check, good in _OF_ISSUER.items():
        if check in problems:
            report.failed(check, problems[check], form)
        elif check == "settings.issuer_path" and with_path:
            report.warning(
                check,
                f"{with_path[0]} has a path, which issuers of Torii don't have.",
                f"Write {urlunsplit((*urlsplit(with_path[0])[:2], '', '', ''))}.",
            )
        else:
            report.ok(check, good)
    return issuers


def _part_at_fault(issuer: str, hosts: frozenset[str]) -> str:
    """Return the check that an issuer fails."""
    try:
        parts = urlsplit(issuer)
        https = urlunsplit(parts._replace(scheme="https"))
        origin = urlunsplit(parts._replace(path=""))
    except ValueError:
        return "settings.issuer_form"
    if parts.scheme == "http" and _is_issuer(https, hosts):
        return "settings.issuer_scheme"
    return "settings.issuer_path" if _is_issuer(origin, hosts) else "settings.issuer_form"


def _is_issuer(url: str, hosts: frozenset[str]) -> bool:
    try:
        resolve_issuers([url], hosts)
    except ConfigurationError:
        return False
    return True


def _check_secret_key(report: Report) -> Optional[str]:
    set_check, form = "settings.secret_key", "settings.secret_key_form"
    value = _setting("TORII_SECRET_KEY").strip()
    if not value:
        reason = "TORII_SECRET_KEY is not set, which only calls of the REST API need"
        report.unknown((set_check, form), reason)
        return None
    report.ok(set_check, f"The secret key is {masked(value)} (from TORII_SECRET_KEY).")
    try:
        SecretKey(value).check()
    except ConfigurationError as error:
        report.failed(form, str(error), _COPY_KEY)
        return None
    if not value.startswith(("sk_live_", "sk_test_")):
        sentence = "The secret key does not begin with sk_live_ or sk_test_."
        report.failed(form, sentence, _COPY_KEY)
        return None
    report.ok(form, "The secret key has the form of one.")
    return value


def _check_api_url(report: Report, hosts: frozenset[str]) -> Optional[str]:
    check, setting = "settings.api_url", _setting("TORII_API_URL").strip()
    try:
        api_url = resolve_api_url(without_key(setting) or DEFAULT_API_URL, hosts)
    except ConfigurationError as error:
        remedy = f"Leave TORII_API_URL out, or set it to {DEFAULT_API_URL}."
        report.failed(check, str(error), remedy)
        return None
    source = "from TORII_API_URL" if setting else "the default"
    report.ok(check, f"The URL of the REST API is {api_url} ({source}).")
    return api_url


def _check_fetch_timeout(report: Report) -> float:
    check, setting = "settings.fetch_timeout", _setting("TORII_FETCH_TIMEOUT").strip()
    try:
        seconds = resolve_fetch_timeout(None)
    except ConfigurationError as error:
        remedy = "Leave TORII_FETCH_TIMEOUT out, or set it to a number of seconds, such as 5."
        report.failed(check, str(error), remedy)
        return DEFAULT_FETCH_TIMEOUT
    source = "from TORII_FETCH_TIMEOUT" if setting else "the default"
    report.ok(check, f"A fetch of keys may take {seconds:g} s ({source}).")
    return seconds


def _check_together(report: Report, settings: Settings) -> None:
    """Check whether the key and the hosts belong together."""
    key, api_url = settings.secret_key, settings.api_url
    if key is None:
        report.unknown(("settings.live_key", "settings.hosts"), "there is no usable secret key")
        return
    hosts = [*settings.issuers, *([api_url] if api_url else [])]
    local = [host_of(each) for each in hosts if is_local(each)]
    if local and key.startswith("sk_live_"):
        report.failed(
            "settings.live_key",
            f"A live key is set beside the emulator at {local[0]}.",
            "Set TORII_SECRET_KEY to the key that the emulator prints at its start.",
        )
    else:
        report.ok("settings.live_key", "No live key is set beside an emulator.")
    if local and len(local) < len(hosts):
        elsewhere = next(host_of(each) for each in hosts if not is_local(each))
        report.warning(
            "settings.hosts",
            f"{local[0]} is an emulator, and {elsewhere} is not.",
            "Set both TORII_ISSUER and TORII_API_URL to the emulator, or neither.",
        )
    else:
        report.ok("settings.hosts", "Tokens and the REST API come from the same Torii.")
