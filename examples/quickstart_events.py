"""The quickstart about events: two processes that know only what webhooks tell them.

Each process serves one Flask app. It refuses the tokens of users that an event says are banned.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import requests
from flask import Flask, g
from werkzeug.serving import make_server

from torii_backend import Event, Events, Revocations, Verifier, create_torii_client
from torii_backend.emulator import Emulator
from torii_backend.flask import Torii, receive

COLUMNS = ("process 1", "process 2")
EXPECTED = {
    "before the ban": ["200"] * 2,
    "a second later": ["401 revoked"] * 2,
    "an event, twice": ["handled 1x"] * 2,
}


def build_app() -> Flask:
    """Guard a Flask app, and receive events."""
    app, events, revocations = Flask(__name__), Events(), Revocations()
    Torii(app, verifier=Verifier(revocations=revocations))
    app.post("/torii/events")(receive(events))
    events.feed(revocations)
    pings: list[str] = []

    @events.on("ping")
    def count(event: Event) -> None:
        pings.append(event.id)

    @app.get("/me")
    def me() -> dict[str, str]:
        return {"user_id": g.auth.user_id}

    @app.get("/pings")
    def handled() -> dict[str, int]:
        return {"pings": len(pings)}

    return app


def ban_a_user(emulator: Emulator) -> dict[str, list[str]]:
    """Ban a user, and send an event twice; return what each process made of it."""
    with ExitStack() as running:
        apps = [running.enter_context(_process(emulator)) for _ in COLUMNS]
        torii = running.enter_context(
            create_torii_client(emulator.secret_key, api_url=emulator.api_url)
        )
        for app in apps:
            emulator.webhooks.register(f"{app}/torii/events")
        user = torii.users.create(email="bob@example.com")
        token = emulator.issue_token(user_id=user.id).access_token
        responses = {"before the ban": [_me(app, token) for app in apps]}
        torii.users.ban(user.id)
        emulator.webhooks.finish()
        responses["a second later"] = [_me(app, token) for app in apps]
        for app in apps:
            emulator.send_event("ping", {}, to=f"{app}/torii/events", fault="duplicate")
        responses["an event, twice"] = [
            _handled(app, emulator.issue_token().access_token) for app in apps
        ]
    return responses


@contextmanager
def _process(emulator: Emulator) -> Iterator[str]:
    """Serve the app in a process; yield its address."""
    settings = {"TORII_ISSUER": emulator.issuer, "TORII_WEBHOOK_SECRET": emulator.webhooks.secret}
    with subprocess.Popen(  # noqa: S603 (this file)
        [sys.executable, __file__],
        env={**os.environ, **settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield next(iter(process.stdout or ())).strip()
        finally:
            process.communicate()  # closes its stdin, and waits for it


def _get(url: str, token: str) -> requests.Response:
    return requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10)


def _me(app: str, token: str) -> str:
    response = _get(f"{app}/me", token)
    reason = response.json().get("error", {}).get("reason", "")
    return f"{response.status_code} {reason}".strip()


def _handled(app: str, token: str) -> str:
    return f"handled {_get(f'{app}/pings', token).json()['pings']}x"


def _serve() -> None:
    """Serve until stdin ends, as it does when the quickstart ends."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, build_app(), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    _serve()
