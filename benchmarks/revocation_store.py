"""Revocations through a real Redis: the first read of a large log, the way to another process, and a peer."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from socket import create_server
from statistics import median, quantiles
from typing import Any
from uuid import uuid4

import redis
from figure import Figure, at_least, at_most
from flask import Flask
from flask_jwt_extended import JWTManager, create_access_token, jwt_required
from issuer import running_issuer
from stopwatch import difference, interleaved

from torii_backend import Revocations, Verifier
from torii_backend.testing import make_auth

_CALLS = 100
_USERS = 100_000
_READERS = 4
_PAGE = 5_000


def measure(*, quick: bool) -> list[Figure]:
    """Measure with a redis-server of its own; nothing, if none is installed."""
    if shutil.which("redis-server") is None:
        return []
    with _redis_server() as url:
        lags = _lags(url, 50 if quick else 300)
        ours, theirs = _our_check(url, quick=quick), _their_check(url, quick=quick)
        _fill(url)
        seconds, stall = _snapshot(url)
    p99 = quantiles(lags, n=100)[98]
    return [
        at_most("revocation through Redis: first read of 100,000 users", seconds, 2, "s"),
        at_most("revocation through Redis: longest delay of a thread meanwhile", stall, 50, "ms"),
        at_most(
            f"revocation through Redis: to {_READERS} processes, p99",
            p99,
            50,
            "ms",
            note=f" (median {median(lags):.1f}, worst {max(lags):.1f})",
        ),
        Figure(
            "revocation through Redis: added to a request, flask-jwt-extended, a GET each",
            f"{theirs:.1f} µs",
        ),
        # Of a difference of two medians, below which nothing can be measured.
        at_least(
            "revocation through Redis: added to a request, times less",
            theirs / max(ours, 0.05),
            100,
            "times",
        ),
    ]


@contextmanager
def _redis_server() -> Generator[str, None, None]:
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""]
        with subprocess.Popen(  # noqa: S603
            ["redis-server", *options],  # noqa: S607
            stdout=subprocess.DEVNULL,
        ) as server:
            url = f"redis://127.0.0.1:{port}/0"
            while not _answers(url):
                time.sleep(0.01)
            try:
                yield url
            finally:
                server.kill()


def _answers(url: str) -> bool:
    try:
        return bool(redis.Redis.from_url(url).ping())
    except redis.ConnectionError:
        return False


def _fill(url: str) -> None:
    """Write what Revocations writes, in large pieces."""
    client = redis.Redis.from_url(url)
    client.flushall()
    revocations = Revocations(url)
    revocations.revoke("the first")
    revocations.close()
    (key,) = client.keys()
    for _ in range(_USERS // _PAGE):
        pipeline = client.pipeline(transaction=False)
        for _ in range(_PAGE):
            pipeline.xadd(key, {"u": str(uuid4()), "t": repr(time.time())})
        pipeline.execute()


def _snapshot(url: str) -> tuple[float, float]:
    """Return the seconds until a new process knows all, and the milliseconds that a thread had to wait."""
    delays: list[float] = []
    done = threading.Event()

    def tick() -> None:
        while not done.is_set():
            began = time.perf_counter()
            time.sleep(0.001)
            delays.append(time.perf_counter() - began - 0.001)

    ticking = threading.Thread(target=tick)
    ticking.start()
    revocations = Revocations(url, max_entries=2 * _USERS, start_timeout=60)
    began = time.perf_counter()
    revocations.warm()
    seconds = time.perf_counter() - began
    done.set()
    ticking.join()
    entries = revocations.stats().entries
    revocations.close()
    if entries <= _USERS:
        raise RuntimeError(f"only {entries} users were read")
    return seconds, max(delays) * 1e3


def _lags(url: str, count: int) -> list[float]:
    """Return the milliseconds from `revoke` until each of the other processes knows it."""
    context = get_context("spawn")
    pipes = [context.Pipe() for _ in range(_READERS)]
    readers = [context.Process(target=_read, args=(url, end)) for _, end in pipes]
    for reader in readers:
        reader.start()
    revocations = Revocations(url)
    lags: list[float] = []
    for _ in range(count):
        user = str(uuid4())
        for pipe, _ in pipes:
            pipe.send(user)
        for pipe, _ in pipes:
            pipe.recv()
        began = time.monotonic()
        revocations.revoke(user)
        lags += [(pipe.recv() - began) * 1e3 for pipe, _ in pipes]
    for pipe, _ in pipes:
        pipe.send(None)
    for reader in readers:
        reader.join()
    revocations.close()
    return lags


def _read(url: str, pipe: Connection) -> None:
    """Say when each user was revoked who comes through the pipe."""
    revocations = Revocations(url)
    revocations.warm()
    while True:
        user = pipe.recv()
        if user is None:
            break
        is_known = threading.Event()
        stop = revocations.watch(make_auth(user), is_known.set)
        pipe.send("watching")
        is_known.wait()
        pipe.send(time.monotonic())
        stop()
    revocations.close()


def _our_check(url: str, *, quick: bool) -> float:
    """Return the microseconds that Revocations adds to a cached token."""
    revocations = Revocations(url)
    revocations.warm()
    with running_issuer() as issuer:
        token = next(issuer.tokens())
        verifiers = {
            "without": Verifier(issuer.url),
            "with": Verifier(issuer.url, revocations=revocations),
        }
        steps = {name: partial(_verify, each, token) for name, each in verifiers.items()}
        seconds = interleaved(steps, 500 if quick else 3000)
    revocations.close()
    return difference(seconds["with"], seconds["without"]) / _CALLS * 1e6


def _verify(verifier: Verifier, token: str) -> None:
    for _ in range(_CALLS):
        verifier.verify(token)


def _their_check(url: str, *, quick: bool) -> float:
    """Return the microseconds that a blocklist in Redis adds to a request, as its documentation has it."""
    clients: dict[str, Any] = {}
    for name in ("without", "with"):
        app = Flask(name)
        app.config["JWT_SECRET_KEY"] = "0" * 32
        manager = JWTManager(app)
        if name == "with":
            store = redis.Redis.from_url(url, decode_responses=True)
            manager.token_in_blocklist_loader(
                lambda _, payload, store=store: store.get(payload["jti"]) is not None
            )
        app.add_url_rule("/me", "me", jwt_required()(lambda: "ok"))
        with app.app_context():
            headers = {"Authorization": f"Bearer {create_access_token('ada')}"}
        clients[name] = partial(_get, app.test_client(), headers)
    seconds = interleaved(clients, 200 if quick else 1000)
    return difference(seconds["with"], seconds["without"]) * 1e6


def _get(client: Any, headers: dict[str, str]) -> None:
    if client.get("/me", headers=headers).status_code != 200:
        raise RuntimeError("the peer refused its own token")
