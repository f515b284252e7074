"""Checks of the way to the issuer, from the proxy to a response in JSON. Pure."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from typing import Optional, Union
from urllib.parse import urlsplit

from torii_backend._keys.fetch import MAX_BYTES
from torii_backend.cli.doctor.finding import Report
from torii_backend.cli.doctor.probe import Failure, Reply, Step, host_of
from torii_backend.client._transport.response import media_type
from torii_backend.settings import is_loopback

CHECKS = (
    "issuer.ca_bundle",
    "issuer.proxy",
    "issuer.dns",
    "issuer.tcp",
    "issuer.tls",
    "issuer.response",
    "issuer.certificate",
    "issuer.redirect",
    "issuer.status",
    "issuer.json",
)
_STEPS: tuple[Step, ...] = ("ca_bundle", "proxy", "dns", "tcp", "tls", "response")
_SOON_DAYS = 14
_DAY = 86_400

_REMEDIES: dict[Step, str] = {
    "ca_bundle": "Correct REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE, or leave it out.",
    "proxy": "Correct HTTPS_PROXY, let the proxy connect to {host}, or add the host to NO_PROXY.",
    "dns": "Check the spelling of the issuer, and the DNS of this machine.",
    "tcp": "Check whether a firewall blocks {host}, and whether HTTPS_PROXY should be set.",
    "tls": "If a proxy of yours signs certificates, set REQUESTS_CA_BUNDLE to its CA file.",
    "response": "Try again. If it stays, look for a firewall or proxy on the way, or raise"
    " TORII_FETCH_TIMEOUT.",
}
_START = (
    "Start what should listen there, such as torii emulator, or correct the port in the issuer."
)


def judge_way(
    report: Report, issuer: str, outcome: Union[Reply, Failure], proxy: Optional[str], now: float
) -> bool:
    """Check how a request for the keys went. Return whether the response is JSON with status 200."""
    host = host_of(issuer)
    failed = outcome.step if isinstance(outcome, Failure) else None
    good = _sentences(issuer, host, proxy)
    for step in _STEPS:
        check = f"issuer.{step}"
        if step == failed and isinstance(outcome, Failure):
            who = f"The proxy {proxy}" if step == "proxy" and proxy else host
            is_here = step == "tcp" and is_loopback(urlsplit(issuer).hostname)
            remedy = _START if is_here else _REMEDIES[step].format(host=host)
            report.failed(check, f"{who}: {outcome.clause}.", remedy)
            return False
        report.ok(check, good[step])
    assert isinstance(outcome, Reply)  # noqa: S101 (a failure has one of the steps)
    _judge_certificate(report, host, outcome, now)
    return _judge_redirect_and_status(report, host, outcome) and _judge_json(report, host, outcome)


def _sentences(issuer: str, host: str, proxy: Optional[str]) -> dict[Step, str]:
    is_https = issuer.startswith("https:")
    variables = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    bundle = next((name for name in variables if os.environ.get(name)), "")
    by = bundle or "the certificates of certifi"
    through = f"The proxy {proxy} connects to it." if proxy else ""
    return {
        "ca_bundle": f"Certificates are verified by {by}." if is_https else "http needs none.",
        "proxy": f"Requests to {host} go through {proxy or 'no proxy'}.",
        "dns": through or f"{host} has an address.",
        "tcp": through or f"{host} accepts connections.",
        "tls": f"The certificate of {host} is valid." if is_https else "http needs no certificate.",
        "response": f"{host} responds.",
    }


def _judge_certificate(report: Report, host: str, reply: Reply, now: float) -> None:
    check = "issuer.certificate"
    if reply.expires_at is None:
        report.ok(check, "There is none that could expire.")
        return
    day = datetime.fromtimestamp(reply.expires_at, timezone.utc).date()
    sentence = f"The certificate of {host} expires on {day}."
    if reply.expires_at - now < _SOON_DAYS * _DAY:
        report.warning(check, sentence, "Renew it, or ask whoever runs the host to.")
    else:
        report.ok(check, sentence)


def _judge_redirect_and_status(report: Report, host: str, reply: Reply) -> bool:
    status = reply.status
    if 300 <= status < 400:
        target = host_of(reply.headers.get("Location", ""))
        # It comes from the server, and may be meant to confuse a terminal.
        target = target if target.isascii() and target.isprintable() else ""
        report.failed(
            "issuer.redirect",
            f"{host} redirects the request for keys{f' to {target}' if target else ''},"
            " and a Verifier follows no redirects.",
            "Set TORII_ISSUER to the host that has the keys, as your tokens name it in iss.",
        )
        return False
    report.ok("issuer.redirect", f"{host} does not redirect.")
    if status == 200:
        report.ok("issuer.status", "The response has status 200.")
        return True
    what = f"{host} responds with {status}"
    page = " and a web page" if _is_page(reply) else ""
    if status in {403, 407, 451} or (page and status < 500):
        remedy = "A firewall or a proxy may refuse the request. Allow it for this machine."
    elif status == 404:
        remedy = "Check the spelling of the issuer. It may be the host of your own application."
    else:
        remedy = "Wait. If it stays, see Torii's status page, or start the emulator again."
    report.failed("issuer.status", f"{what}{page}.", remedy)
    return False


def _judge_json(report: Report, host: str, reply: Reply) -> bool:
    check = "issuer.json"
    if _is_page(reply):
        report.failed(
            check,
            f"{host} sends a web page in place of JSON.",
            "A captive portal, a firewall or your own application responds. Open the issuer in a browser.",
        )
    elif reply.headers.get("Content-Encoding", "identity").lower() not in {"", "identity"}:
        remedy = "Turn compression off for this path in the proxy on the way."
        report.failed(check, f"{host} sends a compressed response.", remedy)
    elif len(reply.body) > MAX_BYTES:
        remedy = "Check that the issuer is your tenant host."
        report.failed(check, f"{host} sends more than 512 KiB.", remedy)
    else:
        report.ok(check, "The response is no web page.")
        return True
    return False


def _is_page(reply: Reply) -> bool:
    return media_type(reply.headers) == "text/html" or reply.body.lstrip()[:1] == b"<"
