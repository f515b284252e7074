"""What the documentation says in numbers and names is what the code and the settings say."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import get_args

import pytest

from tests.client.operations import ITERATIONS, NOT_REPEATABLE, OPERATIONS
from torii_backend import ToriiApiError, ToriiClient, observing, settings
from torii_backend._guard.options import GuardOptions
from torii_backend._jose import json_object, jws
from torii_backend._keys import (
    cache_control,
    fetch,
    fetch_limiter,
    fetcher,
    keystore,
    process_limits,
)
from torii_backend._verify import verifier
from torii_backend.client._transport import response
from torii_backend.emulator.webhooks import post
from torii_backend.emulator.webhooks.delivery import FAULTS
from torii_backend.emulator.webhooks.schedule import (
    MAX_FINISHED,
    MAX_URLS,
    MAX_WAITING,
    RETRY_SECONDS,
)
from torii_backend.errors import InvalidTokenReason, PermissionDeniedReason

ROOT = Path(__file__).parents[2]


def _text(name: str) -> str:
    return " ".join((ROOT / name).read_text("utf-8").split())


def test_the_page_of_the_frameworks_lists_every_keyword_and_no_other() -> None:
    section = _text("docs/frameworks.md").partition("## Guard keywords")[2].partition(" ## ")[0]
    rows = re.findall(r"\| `(\w+)` \|", section)
    assert sorted(rows) == sorted(GuardOptions.__annotations__)


def test_the_page_of_verification_lists_every_reason_and_no_other() -> None:
    row = re.search(r"`reason` is one of ([^|]+)\|", _text("docs/verification.md"))
    assert row is not None
    assert re.findall(r"`(\w+)`", row[1]) == list(get_args(InvalidTokenReason))


def test_the_page_of_policies_lists_every_reason_and_no_other() -> None:
    reasons = [row[2].strip("`") for row in _rows("docs/policies.md", "keyword")]
    assert list(dict.fromkeys(reasons)) == list(get_args(PermissionDeniedReason))


def test_the_page_of_observing_lists_every_kind_with_its_attributes_and_no_other() -> None:
    rows = {row[0].strip("`"): row[1] for row in _rows("docs/observing.md", "kind")}
    kinds = {name: getattr(observing, name) for name in observing.__all__ if name != "observe"}
    assert {name: re.findall(r"`(\w+)`", row) for name, row in rows.items()} == {
        name: list(kind.__struct_fields__) for name, kind in kinds.items()
    }


def test_the_page_of_the_emulator_gives_the_faults_and_limits_of_webhooks() -> None:
    text = _text("docs/emulator.md")
    assert [row[0].strip("`") for row in _rows("docs/emulator.md", "fault")] == list(FAULTS)
    *first, last = (f"{seconds:g}" for seconds in RETRY_SECONDS)
    assert f"sent again after {', '.join(first)} and {last} seconds" in text
    assert f"Up to {MAX_URLS} can be registered" in text
    limits = [row[1] for row in _rows("docs/emulator.md", "limit")]
    assert limits[0] == f"{post.TIMEOUT_SECONDS:g} seconds"
    assert limits[1].startswith(f"{MAX_WAITING:,}.")
    assert limits[2] == f"the last {MAX_FINISHED:,}"


def test_the_readme_gives_figures_of_the_last_benchmark() -> None:
    page = _text("docs/performance.md")
    figures = dict(re.findall(r"\| ([^|]*\S) +\| ([\d.]+) ", page))
    guard = "added to a request, repeated token, "
    readme, why = _text("README.md"), _text("docs/why.md")
    names = ("torii_backend", "PyJWT, same checks", "joserfc, same checks")
    ours, pyjwt, joserfc = (float(figures[name]) for name in names)
    assert f"{ours:.2f} times the bare signature check" in readme
    assert f"PyJWT with the same checks takes {pyjwt:.2f} times" in readme
    assert f"{float(figures['Verifier.verify']):.1f} µs" in readme
    wsgi, fastapi = (float(figures[guard + name]) for name in ("WSGI", "FastAPI, async"))
    assert f"{wsgi:.1f} µs in WSGI, {fastapi:.0f} µs in FastAPI" in readme
    assert f"{float(figures['import verify_token, above bare']):.0f} ms for the import" in readme
    assert f"costs {ours:.2f} times the bare signature check" in why
    assert f"PyJWT costs {pyjwt:.2f} times and joserfc {joserfc:.2f} times" in why
    first = "to first token, {}, above bare"
    seeded, peer = (float(figures[first.format(name)]) for name in ("seeded keys", "PyJWT"))
    assert f"needs {seeded:.0f} ms more than bare Python. PyJWT needs {peer:.0f} ms more" in why


def test_the_readme_names_the_pythons() -> None:
    versions = re.findall(r"Python :: (3\.\d+)", _text("pyproject.toml"))
    assert f"Python {versions[0]} to {versions[-1]}." in _text("README.md")


@pytest.mark.parametrize(
    ("sentence", "number"),
    [
        ("a token over 16 KiB", jws.MAX_TOKEN_BYTES / 1024),
        ("64 levels", json_object.MAX_DEPTH),
        ("about 32 MiB", verifier.DEFAULT_CACHE_BYTES / 1024**2),
        ("with a leeway of 30 seconds", verifier.DEFAULT_LEEWAY),
        ("at most 24 hours", fetcher.MAX_STALE_SECONDS / 3600),
        ("at most 512 KiB", fetch.MAX_BYTES / 1024),
        ("and 5 seconds", settings.DEFAULT_FETCH_TIMEOUT),
        ("That is 5 minutes", cache_control.DEFAULT_SECONDS / 60),
        ("within 1 minute", cache_control.SHORTEST_SECONDS / 60),
        ("and 1 hour", cache_control.LONGEST_SECONDS / 3600),
        ("At most 16 MiB", response.MAX_BYTES / 1024**2),
    ],
)
def test_security_gives_the_numbers_of_the_code(sentence: str, number: float) -> None:
    assert sentence in _text("SECURITY.md")
    assert float(re.findall(r"\d+", sentence)[0]) == number


@pytest.mark.parametrize(
    ("page", "sentence", "number"),
    [
        ("errors", "is longer than 16 KiB", jws.MAX_TOKEN_BYTES / 1024),
        ("errors", "the leeway of 30 seconds", verifier.DEFAULT_LEEWAY),
        ("errors", "Known keys serve for up to 24 hours", fetcher.MAX_STALE_SECONDS / 3600),
        ("deploy", "known keys serve for up to 24 hours", fetcher.MAX_STALE_SECONDS / 3600),
    ],
)
def test_a_page_gives_the_numbers_of_the_code(page: str, sentence: str, number: float) -> None:
    assert sentence in _text(f"docs/{page}.md")
    assert float(re.findall(r"\d+", sentence)[0]) == number


def _rows(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the table on a page whose first heading is this."""
    text = (ROOT / page).read_text("utf-8")
    table = text.partition(f"| {heading} |")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]


def test_the_page_of_verification_gives_the_pauses_after_failed_fetches() -> None:
    rows = _rows("docs/verification.md", "failed fetches in a row | 1 | 2 | 3 | 4 | 5 and more")
    longest = [fetch_limiter.MAX_BACKOFF, fetch_limiter.MAX_ASKED_BACKOFF]
    for row, most in zip(rows, longest):
        pauses = [
            min(fetch_limiter.FIRST_BACKOFF * fetch_limiter.BACKOFF_GROWTH**failures, most)
            for failures in range(5)
        ]
        assert list(map(float, row[1:])) == pauses
    assert len(rows) == len(longest)


def test_security_says_how_many_fetches_forged_key_ids_can_cause() -> None:
    hour = fetch_limiter.BUCKET_SIZE + 3600 / fetch_limiter.REFILL_SECONDS
    assert (
        f"at most {fetch_limiter.BUCKET_SIZE} fetches in a burst and one more every "
        f"{fetch_limiter.REFILL_SECONDS:g} seconds, {hour:g} in an hour"
    ) in _text("SECURITY.md")
    assert f"at most {process_limits.MAX_THREADS} threads" in _text("SECURITY.md")
    assert keystore.PATIENCE_SECONDS == 1
    assert f"at most {('one', 'two')[process_limits.MAX_WAITING - 1]} requests" in _text(
        "SECURITY.md"
    )


def test_the_page_of_the_client_gives_each_argument_and_its_default() -> None:
    parameters = inspect.signature(ToriiClient).parameters
    rows = {row[0].strip("`"): row[1] for row in _rows("docs/client.md", "argument")}
    assert list(rows) == list(parameters)
    connect, read = parameters["timeout"].default
    assert rows["timeout"] == f"`({connect:g}, {read:g})`"
    for name in ("max_retries", "pool_size"):
        assert rows[name] == str(parameters[name].default)
    assert settings.DEFAULT_API_URL in rows["api_url"]


def test_the_page_of_the_client_has_an_example_of_every_method() -> None:
    text = (ROOT / "docs/client.md").read_text("utf-8")
    examples = "".join(re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    for method in [*(operation.method for operation in OPERATIONS), *ITERATIONS]:
        assert f"torii.{method}(" in examples, method


def test_the_errors_of_the_client_are_all_listed() -> None:
    listed = [row[0].replace("`", "") for row in _rows("docs/client.md", "class")]
    assert {kind.__name__ for kind in ToriiApiError.__subclasses__()} <= set(listed)
    assert {"ToriiApiError", "ToriiConnectionError", "ToriiTimeout"} <= set(listed)


def test_the_page_of_the_client_gives_the_status_of_each_error() -> None:
    statuses = {row[0].strip("`"): row[1] for row in _rows("docs/client.md", "class")}
    for status, kind in response._CLASSES.items():
        assert statuses[kind.__name__] == str(status)


def test_the_page_of_the_client_lists_what_is_not_safe_to_repeat() -> None:
    page = _text("docs/client.md")
    sentence = page.partition("Not safe to repeat are ")[2].partition(" and a POST")[0]
    assert set(re.findall(r"`([\w.]+)`", sentence)) == NOT_REPEATABLE


def test_contributing_names_environments_that_exist() -> None:
    tox = (ROOT / "tox.ini").read_text("utf-8")
    known = {*re.findall(r"^\[testenv:(\w+)[\]{]", tox, re.MULTILINE), "py", "py39", "py313"}
    named = re.findall(r"tox run -e ([\w,]+)", _text("CONTRIBUTING.md"))
    assert {env for envs in named for env in envs.split(",")} <= known


def test_contributing_gives_the_coverage_that_is_asked_for() -> None:
    demanded = re.search(r"fail_under = (\d+)", _text("pyproject.toml"))
    assert demanded is not None
    assert f"coverage of lines, {demanded[1]} % or more" in _text("CONTRIBUTING.md")
