"""One user through five adapters, another through the client: `python examples/quickstart.py`.

Starts a local Torii, serves one tiny guarded app per adapter over real sockets, sends each the same
six requests, manages a user over the REST API, bans one whom two processes then refuse, and prints the
responses. Exits with 1 if one of them is unexpected.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

import quickstart_client
import quickstart_events
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
    """Run the tour and return the exit code."""
    # The outage below is on purpose, so hide the warning about it.
    logging.getLogger("torii_backend").setLevel(logging.ERROR)
    with Emulator() as torii, ExitStack() as running:
        warm = {name: running.enter_context(_app(name, torii)) for name in ADAPTERS}
        cold = {name: running.enter_context(_app(name, torii)) for name in ADAPTERS}
        token = torii.issue_token(user_id=USER).access_token
        responses = {
            "no token": _ask_all(warm, None),
            "forged token": _ask_all(warm, _forged(token)),
            "good token": _ask_all(warm, token),
        }
        torii.rotate_keys()
        token = torii.issue_token(user_id=USER).access_token
        responses["after key rotation"] = _ask_all(warm, token)
        torii.outage("refuse")
        responses["outage, warm keys"] = _ask_all(warm, token)
        responses["outage, cold keys"] = _ask_all(cold, token)
        torii.reset()
        states = quickstart_client.manage_user(torii)
        events = quickstart_events.ban_a_user(torii)
    expected = {case: [response] * len(ADAPTERS) for case, response in EXPECTED.items()}
    surprises = _print_table(ADAPTERS, responses, expected)
    print()
    surprises += _print_table(quickstart_client.COLUMNS, states, quickstart_client.EXPECTED)
    print()
    surprises += _print_table(quickstart_events.COLUMNS, events, quickstart_events.EXPECTED)
    print(f"\n{surprises} surprises" if surprises else "\nAll as expected.")
    return 1 if surprises else 0


@contextmanager
def _app(adapter: str, torii: Emulator) -> Iterator[str]:
    """Serve one adapter's app with its own Verifier, without keys yet; yield its address."""
    build, serve = ADAPTERS[adapter]
    with serve(build(Verifier(torii.issuer))) as address:
        yield address


def _forged(token: str) -> str:
    """Replace the signature of a token with an invalid one."""
    header, payload, signature = token.split(".")
    return f"{header}.{payload}.{signature[::-1][:-1]}A"


def _ask_all(apps: dict[str, str], token: str | None) -> list[str]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    responses: list[str] = []
    for address in apps.values():
        response = requests.get(f"{address}/me", headers=headers, timeout=10)
        user_id = response.json().get("user_id", "")
        responses.append(f"{response.status_code} {user_id}".strip())
    return responses


def _print_table(
    columns: Iterable[str],
    rows: Mapping[str, Iterable[str]],
    expected: Mapping[str, Iterable[str]],
) -> int:
    """Print the responses, one row a step; return how many are unexpected."""
    print(f"{'':20}" + "".join(f"{column:15}" for column in columns))
    surprises = 0
    for step, responses in rows.items():
        wrong = [want for got, want in zip(responses, expected[step]) if got != want]
        surprises += len(wrong)
        note = f"  expected {', '.join(wrong)}" if wrong else ""
        print(f"{step:20}" + "".join(f"{response:15}" for response in responses) + note)
    return surprises


if __name__ == "__main__":
    sys.exit(main())
