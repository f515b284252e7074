"""Checks of the REST API: one call that reads."""

from __future__ import annotations

from torii_backend.cli.doctor.finding import Report
from torii_backend.cli.doctor.probe import host_of, proxy_of
from torii_backend.cli.doctor.settings import Settings
from torii_backend.client.client import ToriiClient
from torii_backend.client.errors import InvalidResponse, ServerError
from torii_backend.errors import ToriiApiError, ToriiConnectionError, ToriiTimeout
from torii_backend.settings import is_local

CHECKS = ("api.reachable", "api.key")
_COPY = "Copy the key of your environment from Torii's dashboard, or from what the emulator prints."


def check_api(report: Report, settings: Settings) -> None:
    """Call the REST API, if there is a key and a URL that belong together."""
    key, url = settings.secret_key, settings.api_url
    if url is None:
        report.give_up("settings.api_url failed")
    elif key is None:
        report.give_up("there is no usable secret key")
    elif key.startswith("sk_live_") and is_local(url):
        report.give_up("a live key is never sent to an emulator")
    else:
        _call(report, key, url)


def _call(report: Report, key: str, url: str) -> None:
    host, proxy = host_of(url), proxy_of(url)
    where = f"{host}, through the proxy {proxy}" if proxy else host
    try:
        with ToriiClient(key, api_url=url, max_retries=0, timeout=(5, 5)) as torii:
            torii.allowed_origins.get()
    except (ToriiConnectionError, ToriiTimeout) as error:
        remedy = "Check TORII_API_URL, HTTPS_PROXY and NO_PROXY, and whether a firewall blocks it."
        report.failed("api.reachable", f"{where}: {error}", remedy)
    except ToriiApiError as error:
        _judge(report, where, error)
    else:
        report.ok("api.reachable", f"{where} responds.")
        report.ok("api.key", f"{host} accepts the secret key.")


def _judge(report: Report, where: str, error: ToriiApiError) -> None:
    """Check an error response: one of Torii's own, about the key, or anything else."""
    is_problem = isinstance(error.body, dict) and not isinstance(error, InvalidResponse)
    if isinstance(error, ServerError):
        remedy = "Wait. If it stays, see Torii's status page, or start the emulator again."
        report.failed("api.reachable", f"{where} responds with {error.status}.", remedy)
        return
    if not is_problem or error.status not in {401, 402, 403, 429}:
        report.failed(
            "api.reachable",
            f"{where} responds with {error.status}, but not as Torii does.",
            "Check TORII_API_URL. A firewall, a captive portal or another server may respond.",
        )
        return
    report.ok("api.reachable", f"{where} responds.")
    if error.status == 401:
        report.failed("api.key", "The REST API does not accept the secret key.", _COPY)
    else:
        report.unknown(["api.key"], f"the REST API responds with {error.status}")
