"""Checks of the first-party proxy: what `/_torii/client` of your own origin says. Pure but for one GET."""

from __future__ import annotations

from typing import Union

import msgspec

from torii_backend.cli.doctor.finding import Report
from torii_backend.cli.doctor.network import _is_page
from torii_backend.cli.doctor.probe import Failure, Reply, get, host_of
from torii_backend.errors import ConfigurationError
from torii_backend.settings import check_address, without_secrets

CHECKS = ("proxy.reachable", "proxy.response")
# The browser SDK asks it first. Torii always responds with 200.
CLIENT_PATH = "/_torii/client"

_OUTERMOST = "Put ToriiProxy around the whole app, as docs/proxy.md shows."


def require_origin(url: str) -> str:
    """Return the origin of an app without a trailing slash.

    Raises:
        ConfigurationError: it isn't https, or http to a loopback address, or has a path.
    """
    origin = without_secrets(url).strip()
    parts = check_address(origin, "--origin", "origin of your app, such as https://app.example.com")
    if parts.path not in ("", "/"):
        raise ConfigurationError(
            "--origin must be without a path, such as https://app.example.com."
        )
    return f"{parts.scheme}://{parts.netloc}"


def check_proxy(report: Report, origin: str, timeout: float) -> None:
    """Ask `/_torii/client` of an origin, without cookies."""
    judge_proxy(report, host_of(origin), get(origin + CLIENT_PATH, timeout))


def judge_proxy(report: Report, host: str, outcome: Union[Reply, Failure]) -> None:
    """Check who responds: Torii, the proxy, or the app."""
    if isinstance(outcome, Failure):
        report.failed(
            "proxy.reachable",
            f"{host}: {outcome.clause}.",
            "Start your app, and check the origin that you pass as --origin.",
        )
        return
    report.ok("proxy.reachable", f"{host} responds.")
    check, what = "proxy.response", f"{host} responds to {CLIENT_PATH} with {outcome.status}"
    if _is_page(outcome):
        report.failed(check, f"{what} and a web page: the app swallows it.", _OUTERMOST)
    elif 300 <= outcome.status < 400:
        report.failed(check, f"{what}: the app redirects it.", _OUTERMOST)
    elif outcome.status == 401:
        report.failed(check, f"{what}: a guard is outside the proxy.", _OUTERMOST)
    elif outcome.status == 403:
        report.failed(
            check,
            f"{what}: Torii finds no tenant by the Host that it gets, or something refuses the request.",
            "If another proxy than ToriiProxy sends it, let it set Host to your tenant host. If it is"
            " ToriiProxy, check TORII_ISSUER, or its issuer and upstream.",
        )
    elif outcome.status in (502, 504):
        report.failed(
            check,
            f"{what}: the proxy can't reach Torii.",
            "Check the issuer or upstream of ToriiProxy, HTTPS_PROXY, and the checks of issuer.*.",
        )
    elif outcome.status != 200 or not _is_object(outcome.body):
        report.failed(check, f"{what}, but not as Torii does.", _OUTERMOST)
    else:
        report.ok(check, f"{what} and JSON: the proxy works.")


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(body), dict)
    except (msgspec.DecodeError, ValueError):  # it isn't a ValueError in older versions of msgspec
        return False
