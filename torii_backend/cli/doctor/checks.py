"""run_checks: all checks, within a deadline.

Each topic fills a `Report` on a thread of its own. When the time is up, the checks that have no finding
yet are `unknown`, and their thread is left behind: it is a daemon, and nothing reads its report again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from threading import Thread
from typing import Any, Callable, NamedTuple, Optional

from torii_backend._keys.load import JWKS_PATH
from torii_backend.cli.doctor import api, app, keys, network, probe, proxy, settings, versions
from torii_backend.cli.doctor.finding import Finding, Report
from torii_backend.settings import is_local

# A second less than the docs say, in which the process starts and ends.
SECONDS = 14.0
# What an import may take of them: keys and the REST API are asked afterwards.
_IMPORT_SHARE = 0.6


class _Topic(NamedTuple):
    report: Report
    thread: Thread


def run_checks(
    load: Optional[Callable[[], Any]] = None,
    *,
    origin: Optional[str] = None,
    seconds: float = SECONDS,
) -> list[Finding]:
    """Check the settings, the issuer, the REST API and an app. Nothing is changed.

    Args:
        load: returns the app, or `django.conf.settings` for a Django project that is set up. None
            leaves its checks out.
        origin: of an app that runs behind `ToriiProxy`, such as https://app.example.com. None leaves
            the checks of the proxy out.
        seconds: how long it may take, 14 by default. Checks that take longer are `unknown`.

    Returns:
        One finding a check, in a fixed order; those of an issuer once for each issuer.
    """
    ends_at = time.monotonic() + seconds
    of_app, issuers = _check_app(load, seconds * _IMPORT_SHARE)
    of_settings = Report(settings.CHECKS)
    usable = settings.check_settings(of_settings, issuers)
    of_versions = Report(versions.CHECKS)
    versions.check_versions(of_versions)
    topics = [
        *(
            _start(network.CHECKS + keys.CHECKS, _check_issuer, issuer, usable)
            for issuer in usable.issuers or ("",)
        ),
        _start(api.CHECKS, api.check_api, usable),
    ]
    if origin is not None:
        topics.append(_start(proxy.CHECKS, proxy.check_proxy, origin, usable.fetch_timeout))
    return [
        *of_versions.findings(),
        *of_settings.findings(),
        *_results(topics, ends_at),
        *of_app,
    ]


def _check_app(
    load: Optional[Callable[[], Any]], seconds: float
) -> tuple[list[Finding], Sequence[str]]:
    """Check the app, and return the issuers that it trusts as well."""
    if load is None:
        return [], ()
    issuers: list[str] = []
    topic = _start(app.CHECKS, app.check_app, load, issuers)
    return _results([topic], time.monotonic() + seconds), issuers


def _check_issuer(report: Report, issuer: str, usable: settings.Settings) -> None:
    if not issuer:
        report.unknown(network.CHECKS + keys.CHECKS, "there is no usable issuer")
        return
    timeout = usable.fetch_timeout
    reply = probe.get(issuer + JWKS_PATH, timeout)
    good = network.judge_way(report, issuer, reply, probe.proxy_of(issuer), time.time())
    if isinstance(reply, probe.Failure):
        return
    if good:
        keys.judge_keys(report, issuer, reply)
    keys.judge_discovery(report, issuer, probe.get(issuer + keys.DISCOVERY_PATH, timeout))
    key = usable.secret_key
    if key is None or is_local(issuer):
        why = "there is no usable secret key" if key is None else "the issuer is an emulator"
        report.unknown(["issuer.environment"], why)
    else:
        environment = probe.get(issuer + keys.ENVIRONMENT_PATH, timeout)
        keys.judge_environment(report, issuer, environment, key)


def _start(checks: Sequence[str], check: Callable[..., None], *arguments: Any) -> _Topic:
    report = Report(checks)

    def run() -> None:
        try:
            check(report, *arguments)
        except Exception as error:  # noqa: BLE001 (one topic must not take the others down)
            report.give_up(f"the check raised {type(error).__name__}")

    thread = Thread(target=run, daemon=True)
    thread.start()
    return _Topic(report, thread)


def _results(topics: Iterable[_Topic], ends_at: float) -> list[Finding]:
    found = []
    for topic in topics:
        topic.thread.join(max(0.0, ends_at - time.monotonic()))
        late = topic.thread.is_alive()
        found += topic.report.findings("the time was up" if late else "an earlier check failed")
    return found
