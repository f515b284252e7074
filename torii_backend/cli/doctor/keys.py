"""Checks of the key set, the clock and what the issuer says about itself. Pure."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import Any, Optional, Union

from torii_backend._jose.json_object import decode_object
from torii_backend._jose.jwks import parse_jwks
from torii_backend._keys.cache_control import freshness_lifetime
from torii_backend._keys.keystore import PATIENCE_SECONDS
from torii_backend._keys.load import JWKS_PATH
from torii_backend._verify.verifier import DEFAULT_LEEWAY
from torii_backend.cli.doctor.finding import Report
from torii_backend.cli.doctor.probe import Failure, Reply, host_of
from torii_backend.plain_http import names_of_issuer

CHECKS = (
    "keys.usable",
    "keys.cache",
    "keys.time",
    "clock.offset",
    "discovery.issuer",
    "discovery.keys",
    "issuer.environment",
)
DISCOVERY_PATH = "/.well-known/openid-configuration"
ENVIRONMENT_PATH = "/_torii/environment"

_NO_STORE = re.compile(r"(?:^|[,\s])no-(?:store|cache)(?=$|[,\s=])", re.IGNORECASE)


def judge_keys(report: Report, issuer: str, reply: Reply) -> None:
    """Check the key set and the clock."""
    host = host_of(issuer)
    try:
        number = len(parse_jwks(reply.body))
        sentence = f"The key set of {host} has no usable ES256 key."
    except ValueError as error:
        number, sentence = 0, f"{host}: {error}."
    if number:
        keys = "one usable key" if number == 1 else f"{number} usable keys"
        report.ok("keys.usable", f"{host} publishes {keys}.")
        _judge_cache(report, host, reply)
        _judge_time(report, host, reply.seconds)
    else:
        remedy = "Check that the issuer is your tenant host. If it is, tell Torii's support."
        report.failed("keys.usable", sentence, remedy)
        report.unknown(("keys.cache", "keys.time"), "keys.usable failed")
    _judge_clock(report, host, reply)


def _judge_cache(report: Report, host: str, reply: Reply) -> None:
    check, seconds = "keys.cache", freshness_lifetime(reply.headers)
    if _NO_STORE.search(reply.headers.get("Cache-Control", "")):
        report.warning(
            check,
            f"{host} forbids caching, so keys are fetched every {seconds:g} s.",
            "Look for a proxy on the way that replaces the Cache-Control header.",
        )
    else:
        report.ok(check, f"The keys are fresh for {seconds:g} s.")


def _judge_time(report: Report, host: str, seconds: float) -> None:
    if seconds > PATIENCE_SECONDS:
        report.warning(
            "keys.time",
            f"{host} took {seconds:.1f} s to respond, and requests wait for new keys {PATIENCE_SECONDS:g} s.",
            "Look for a slow proxy or DNS server, and call Verifier.warm() when you start.",
        )
    else:
        report.ok("keys.time", f"{host} responded in {seconds:.2f} s.")


def _judge_clock(report: Report, host: str, reply: Reply) -> None:
    check, theirs = "clock.offset", _their_clock(reply)
    if theirs is None:
        report.unknown([check], f"{host} sends no usable Date")
        return
    # A Date is cut off to whole seconds, so the middle of its second is the best guess.
    offset = reply.clock - (theirs + 0.5)
    beyond = abs(offset) - 0.5 - reply.seconds
    side = "ahead of" if offset > 0 else "behind"
    sentence = f"This clock is {abs(offset):.0f} s {side} that of {host}"
    if beyond > DEFAULT_LEEWAY:
        why = "valid tokens are refused" if offset < 0 else "tokens expire too early"
        report.failed(
            check, f"{sentence}, so {why}.", "Set this machine's clock, such as by chrony or NTP."
        )
    elif beyond > DEFAULT_LEEWAY / 2:
        report.warning(
            check,
            f"{sentence}; the leeway is {DEFAULT_LEEWAY:g} s.",
            "Set this machine's clock, such as by chrony or NTP.",
        )
    else:
        report.ok(check, f"This clock agrees with that of {host}.")


def _their_clock(reply: Reply) -> Optional[float]:
    """Return the server's time in seconds; a cache adds the Age of a response (RFC 9111 5.1)."""
    age = reply.headers.get("Age", "0")
    try:
        date = parsedate_to_datetime(reply.headers.get("Date", ""))
        return date.timestamp() + (int(age) if age.isdigit() else 0)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def judge_discovery(report: Report, issuer: str, outcome: Union[Reply, Failure]) -> None:
    """Check whether the discovery document is about this issuer."""
    document = _document(outcome)
    theirs = document.get("issuer")
    if not isinstance(theirs, str):
        report.unknown(
            ("discovery.issuer", "discovery.keys"), f"{host_of(issuer)} has no discovery document"
        )
        return
    if theirs.rstrip("/") in names_of_issuer(issuer):
        report.ok("discovery.issuer", "The discovery document names this issuer.")
    else:
        report.failed(
            "discovery.issuer",
            f"{host_of(issuer)} calls itself {_shown(theirs)}, so its tokens are refused.",
            "Set TORII_ISSUER to that URL. After a switch to your own domain, list both.",
        )
    jwks_uri = document.get("jwks_uri") or document.get("jwksUri")
    if jwks_uri is None or jwks_uri in [name + JWKS_PATH for name in names_of_issuer(issuer)]:
        report.ok("discovery.keys", "Its keys are where we look for them.")
    else:
        report.warning(
            "discovery.keys",
            f"The discovery document of {host_of(issuer)} has its keys at another URL than ours.",
            "Update torii-backend, or check whether the issuer is a Torii host.",
        )


def judge_environment(
    report: Report, issuer: str, outcome: Union[Reply, Failure], secret_key: str
) -> None:
    """Check whether the secret key is for an environment of the issuer's type."""
    check, host = "issuer.environment", host_of(issuer)
    kind = _document(outcome).get("type")
    wanted = {"PRODUCTION": "sk_live_", "SANDBOX": "sk_test_"}.get(str(kind).upper())
    if wanted is None:
        report.unknown([check], f"{host} does not say whether it is in production")
    elif secret_key.startswith(wanted):
        report.ok(check, f"The secret key is for an environment such as that of {host}.")
    else:
        name = "production" if wanted == "sk_live_" else "a sandbox"
        report.failed(
            check,
            f"{host} is {name}, but the secret key begins with {secret_key[:8]}.",
            f"Set TORII_SECRET_KEY to the key of the same environment, {wanted}….",
        )


def _document(outcome: Union[Reply, Failure]) -> dict[str, Any]:
    if isinstance(outcome, Failure) or outcome.status != 200:
        return {}
    try:
        return dict(decode_object(outcome.body))
    except ValueError:
        return {}


def _shown(url: str) -> str:
    """Return a URL if it is one that can be shown; else a word for it."""
    plain = url.isprintable() and url.startswith(("https://", "http://")) and len(url) < 100
    return url if plain and not set("@?# ") & set(url) else "something else"
