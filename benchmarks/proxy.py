"""The first-party proxy beside its peers, and what it costs requests that it doesn't take."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from ssl import create_default_context
from time import perf_counter
from typing import Any
from urllib.request import urlopen

from certificate import write_certificate
from figure import Figure, at_most
from proxy_apps import (
    CLIENT,
    Direct,
    asgi_app,
    asgi_proxies,
    serve_asgi,
    serve_wsgi,
    wsgi_app,
    wsgi_proxies,
)
from proxy_upstream import running_upstream
from stopwatch import difference, interleaved, ratio

from torii_backend.asgi import ToriiProxy as ASGIProxy
from torii_backend.wsgi import ToriiProxy as WSGIProxy

_REQUESTS = 50
_PASSED = 2000
_OVER_TLS = 200
_HANGING = 100
_POOL_SIZE = 32
_TICK = 0.001
_LARGE = Path(__file__).with_name("proxy_large.py")


def measure(*, quick: bool) -> list[Figure]:
    """Measure both drivers against a loopback upstream in another process."""
    rounds = 10 if quick else 60
    with running_upstream() as port:
        figures = [
            *_wsgi(port, rounds),
            *_asgi(port, rounds),
            *_passed(rounds),
            *_memory(port),
            _event_loop(port),
        ]
    return [*figures, *_handshakes()]


def _wsgi(port: int, rounds: int) -> list[Figure]:
    direct = Direct(port)
    steps: dict[str, Any] = {"direct": partial(direct, _REQUESTS)}
    for name, proxy in wsgi_proxies(f"http://127.0.0.1:{port}").items():
        steps[name] = partial(serve_wsgi, proxy, CLIENT, _REQUESTS)
    seconds = interleaved(steps, rounds)
    direct.close()
    return _added("WSGI", "werkzeug", seconds, 1.0)


def _asgi(port: int, rounds: int) -> list[Figure]:
    loop, direct = asyncio.new_event_loop(), Direct(port)
    steps: dict[str, Any] = {"direct": partial(direct, _REQUESTS)}
    for name, proxy in asgi_proxies(f"http://127.0.0.1:{port}").items():

        def step(proxy: Any = proxy) -> None:
            loop.run_until_complete(serve_asgi(proxy, CLIENT, _REQUESTS))

        steps[name] = step
    seconds = interleaved(steps, rounds)
    direct.close()
    loop.close()
    return _added("ASGI", "httpx", seconds, 0.6)


def _added(kind: str, peer: str, seconds: dict[str, list[float]], limit: float) -> list[Figure]:
    """Return what each proxy adds to a request, and how many times the peer's that is ours."""
    ours, theirs = (
        [mine - direct for mine, direct in zip(seconds[name], seconds["direct"])]
        for name in ("ours", peer)
    )
    what = f"proxy: added to a request, {kind}"
    each = difference(seconds[peer], seconds["direct"]) / _REQUESTS * 1e3
    mine = difference(seconds["ours"], seconds["direct"]) / _REQUESTS * 1e3
    names = {"werkzeug": "werkzeug's ProxyMiddleware", "httpx": "a proxy by httpx"}
    return [
        Figure(f"{what}, {names[peer]}", f"{each:.3f} ms"),
        Figure(what, f"{mine:.3f} ms"),
        at_most(f"{what}, times {names[peer]}", ratio(ours, theirs), limit, "times"),
    ]


def _passed(rounds: int) -> list[Figure]:
    """Measure requests that aren't Torii's."""
    loop, url = asyncio.new_event_loop(), "https://acme.torii.so"
    wsgi: dict[str, Any] = {"bare": wsgi_app, "proxied": WSGIProxy(wsgi_app, upstream=url)}
    asgi: dict[str, Any] = {"bare": asgi_app, "proxied": ASGIProxy(asgi_app, upstream=url)}

    def step(app: Any) -> None:
        loop.run_until_complete(serve_asgi(app, "/me", _PASSED))

    seconds = {
        "WSGI": interleaved(
            {name: partial(serve_wsgi, app, "/me", _PASSED) for name, app in wsgi.items()}, rounds
        ),
        "ASGI": interleaved({name: partial(step, app) for name, app in asgi.items()}, rounds),
    }
    loop.close()
    return [
        at_most(
            f"proxy: added to a request for another path, {kind}",
            difference(each["proxied"], each["bare"]) / _PASSED * 1e6,
            2,
            "µs",
        )
        for kind, each in seconds.items()
    ]


def _memory(port: int) -> list[Figure]:
    figures = []
    for kind in ("wsgi", "asgi"):
        what = f"proxy: peak memory added by a response of 64 MiB, {kind.upper()}"
        if not Path("/proc/self/clear_refs").exists():
            figures.append(Figure(what, "not measured: needs /proc"))
            continue
        command = [sys.executable, str(_LARGE), kind, str(port)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
        figures.append(at_most(what, float(done.stdout), 2, "MiB"))
    return figures


def _event_loop(port: int) -> Figure:
    """Measure how late another coroutine is while requests wait for an upstream that hangs."""

    async def longest_delay() -> float:
        proxy = ASGIProxy(asgi_app, upstream=f"http://127.0.0.1:{port}")
        await serve_asgi(proxy, CLIENT, 1)
        asked: list[Any] = []
        longest, last, end = 0.0, perf_counter(), perf_counter() + 2
        while last < end:
            # They come one by one, as a server reads them.
            if len(asked) < _HANGING:
                asked.append(asyncio.ensure_future(serve_asgi(proxy, "/_torii/hang", 1)))
            await asyncio.sleep(_TICK)
            now = perf_counter()
            longest, last = max(longest, now - last - _TICK), now
        for each in asked:
            each.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        return longest

    what = f"proxy: longest delay of another coroutine, {_HANGING} requests hang"
    return at_most(what, asyncio.run(longest_delay()) * 1e3, 50, "ms")


def _handshakes() -> list[Figure]:
    """Count the connections that many requests over TLS need."""
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        certificate = write_certificate(Path(folder) / "certificate.pem")
        context = create_default_context(cafile=str(certificate))
        for kind in ("WSGI", "ASGI"):
            with running_upstream(certificate) as port:
                url = f"https://127.0.0.1:{port}"
                options: Any = {"upstream": url, "ssl_context": context, "pool_size": _POOL_SIZE}
                if kind == "WSGI":
                    _ask_in_threads(WSGIProxy(wsgi_app, **options))
                else:
                    asyncio.run(_ask_in_tasks(ASGIProxy(asgi_app, **options)))
                with urlopen(f"{url}/connections", timeout=5, context=context) as response:  # noqa: S310
                    count = int(response.read())
            what = f"proxy: TLS handshakes for {_OVER_TLS} requests, 16 at a time, {kind}"
            figures.append(at_most(what, count, _POOL_SIZE, "handshakes"))
    return figures


def _ask_in_threads(proxy: Any) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: serve_wsgi(proxy, CLIENT, 1), range(_OVER_TLS)))


async def _ask_in_tasks(proxy: Any) -> None:
    together = asyncio.Semaphore(16)

    async def ask() -> None:
        async with together:
            await serve_asgi(proxy, CLIENT, 1)

    await asyncio.gather(*(ask() for _ in range(_OVER_TLS)))


if __name__ == "__main__":
    for figure in measure(quick=True):
        print(figure)
