"""One user through five adapters: `python examples/quickstart.py`.

Starts a local Torii, serves one tiny guarded app per adapter over real sockets, sends each the same
six requests, and prints what came back. Exits with 1 if any answer is not the expected one.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import requests
from quickstart_apps import ADAPTERS

from torii_backend import Verifier
from torii_backend.emulator import Emulator

USER = "user_ada"
EXPECTED = {
    "no token": "401",
    "forged token": "401",
    "good token": f"200 {USER}",
    "after key rotation": f"200 {USER}",
    "outage, warm keys": f"200 {USER}",
    "outage, cold keys": "503",
}


def main() -> int:
    """Run the tour; returns the exit code."""
    # The outage below is meant; without it a warning about the keys is worth reading.
    logging.getLogger("torii_backend").setLevel(logging.ERROR)
    with Emulator() as torii, ExitStack() as running:
        warm = {name: running.enter_context(_app(name, torii)) for name in ADAPTERS}
        cold = {name: running.enter_context(_app(name, torii)) for name in ADAPTERS}
        token = torii.issue_token(user_id=USER).access_token
        answers = {
            "no token": _ask_all(warm, None),
            "forged token": _ask_all(warm, _forged(token)),
            "good token": _ask_all(warm, token),
        }
        torii.rotate_keys()
        token = torii.issue_token(user_id=USER).access_token
        answers["after key rotation"] = _ask_all(warm, token)
        torii.outage("refuse")
        answers["outage, warm keys"] = _ask_all(warm, token)
        answers["outage, cold keys"] = _ask_all(cold, token)
    return _report(answers)


@contextmanager
def _app(adapter: str, torii: Emulator) -> Iterator[str]:
    """Serve one adapter's app with keys of its own, not fetched yet; yields its address."""
    build, serve = ADAPTERS[adapter]
    with serve(build(Verifier(torii.issuer))) as address:
        yield address


def _forged(token: str) -> str:
    """Give the payload of one token the signature of nobody."""
    header, payload, signature = token.split(".")
    return f"{header}.{payload}.{signature[::-1][:-1]}A"


def _ask_all(apps: dict[str, str], token: str | None) -> dict[str, str]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    answers = {}
    for adapter, address in apps.items():
        response = requests.get(f"{address}/me", headers=headers, timeout=10)
        user_id = response.json().get("user_id", "")
        answers[adapter] = f"{response.status_code} {user_id}".strip()
    return answers


def _report(answers: dict[str, dict[str, str]]) -> int:
    """Print the table, one row a request; returns 1 if an answer is not the expected one."""
    print(f"{'':20}" + "".join(f"{adapter:15}" for adapter in ADAPTERS))
    surprises = 0
    for case, row in answers.items():
        wrong = [adapter for adapter, answer in row.items() if answer != EXPECTED[case]]
        surprises += len(wrong)
        note = f"  expected {EXPECTED[case]}" if wrong else ""
        print(f"{case:20}" + "".join(f"{answer:15}" for answer in row.values()) + note)
    print(f"\n{surprises} surprises" if surprises else "\nAll as expected.")
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
