"""The command `explain`: say rule by rule why an access token is accepted or rejected."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Mapping
from typing import Any, Optional

from torii_backend._guard.policy import Policy
from torii_backend._keys.failure import describe
from torii_backend._keys.fetch import fetch
from torii_backend._verify.explain import Rule, explain
from torii_backend._verify.explain_texts import shown
from torii_backend._verify.verifier import Verifier
from torii_backend.auth import Auth
from torii_backend.cli.claim_option import add_claim_option, claims_of
from torii_backend.cli.explain_report import Explained, as_json, as_text
from torii_backend.cli.read_token import read_token
from torii_backend.errors import ConfigurationError, KeysUnavailable, PermissionDenied


def configure(parser: argparse.ArgumentParser) -> None:
    """Set up the parser."""
    parser.description = (
        "Say rule by rule why an access token is accepted or rejected. The token itself is never printed. "
        "The exit code is 1 unless it is accepted."
    )
    parser.add_argument(
        "token",
        metavar="TOKEN",
        nargs="?",
        help="better left out, as shells remember it: then it is read from stdin or a hidden prompt",
    )
    parser.add_argument(
        "--issuer",
        metavar="URL",
        action="append",
        help="as in your guard; may be repeated (default: TORII_ISSUER)",
    )
    parser.add_argument(
        "--audience", action="append", help="as in your guard; may be repeated (default: unchecked)"
    )
    parser.add_argument("--role", help="also demand this role, as a guard does")
    parser.add_argument("--organization", help="also demand this active organization")
    add_claim_option(parser, "also demand this claim")
    parser.add_argument(
        "--offline", action="store_true", help="fetch no keys, and don't check the signature"
    )
    parser.add_argument("--claims", action="store_true", help="print all claims as well")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the explanation. Return the exit code."""
    policies = _policies(arguments)
    if arguments.issuer is None and not os.environ.get("TORII_ISSUER", "").strip(" ,"):
        raise ConfigurationError(
            "An issuer must be set, such as https://acme.torii.so. Pass --issuer or set TORII_ISSUER."
        )
    keys = _Keys()
    verifier = Verifier(arguments.issuer, audience=arguments.audience, fetch=keys.fetch)
    token = read_token(arguments.token)
    if arguments.offline:
        keys.problem = "--offline"
    else:
        keys.load(verifier)
    explanation = explain(token, verifier)
    rules = [_judged(name, policy, explanation.auth) for name, policy in policies.items()]
    explained = Explained(explanation, rules, keys.problem, keys.clock_offset, time.time())
    write = as_json if arguments.json else as_text
    sys.stdout.write(write(explained, with_claims=arguments.claims))
    return 0 if explained.is_allowed else 1


class _Keys:
    """Fetches the keys, and notes what went wrong and how the issuer's clock differs from ours."""

    def __init__(self) -> None:
        self.problem = ""
        self.clock_offset: Optional[float] = None

    def load(self, verifier: Verifier) -> None:
        """Fetch the keys of each issuer."""
        # The report says what the log would.
        logging.getLogger("torii_backend").addHandler(logging.NullHandler())
        verifier.prefetch()
        for issuer in verifier.issuers:
            try:
                verifier._keystores[issuer].warm()
            except KeysUnavailable as error:
                cause = error.__cause__
                reason = "no response in time" if cause is None else describe(cause)
                # What follows the colon is the text of an HTTP library, and long.
                self.problem = f"keys can't be fetched: {reason.partition(': ')[0]}"

    def fetch(self, url: str, timeout: float) -> tuple[bytes, Mapping[str, str]]:
        """Do as the Verifier's own `fetch`, and look at the `Date` header."""
        body, headers = fetch(url, timeout)
        self.clock_offset = _clock_offset(headers.get("Date", ""), time.time())
        return body, headers


def _clock_offset(date: str, now: float) -> Optional[float]:
    """Return by how many seconds the clock of a server is ahead, or None without a usable `Date`."""
    from email.utils import parsedate_to_datetime

    try:
        # A Date is cut to whole seconds: the middle of its second is the best guess.
        return round(parsedate_to_datetime(date).timestamp() + 0.5 - now, 1)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _policies(arguments: argparse.Namespace) -> dict[str, tuple[Policy, Any]]:
    """Return the policies that were asked for by name, each with what it demands."""
    policies: dict[str, tuple[Policy, Any]] = {}
    if arguments.organization is not None:
        wanted = arguments.organization
        policies["organization"] = Policy(organization=wanted), wanted
    if arguments.role is not None:
        policies["role"] = Policy(role=arguments.role), arguments.role
    for name, value in claims_of(arguments.claim).items():
        policies[f"claim {name}"] = Policy(claims={name: value}), value
    return policies


def _judged(name: str, policy: tuple[Policy, Any], auth: Optional[Auth]) -> Rule:
    if auth is None:
        return Rule(name, "not reached")
    try:
        policy[0].enforce(auth)
    except PermissionDenied:
        return Rule(name, "failed", shown(policy[1]), _actual(name, auth))
    return Rule(name, "ok")


def _actual(name: str, auth: Auth) -> str:
    if name.startswith("claim "):
        claim = name[len("claim ") :]
        return shown(auth.claims[claim]) if claim in auth.claims else "nothing"
    value = auth.organization_id if name == "organization" else auth.organization_role
    return "nothing" if value is None else shown(value)
