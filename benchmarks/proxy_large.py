"""Print by how many MiB the peak memory of this process grows while 64 MiB go through the proxy.

Arguments: `wsgi` or `asgi`, and the port of an upstream.
"""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

from proxy_apps import CLIENT, asgi_proxies, serve_asgi, serve_wsgi, wsgi_proxies
from proxy_upstream import LARGE

_PROC = Path("/proc/self")


def _reset_peak() -> None:
    (_PROC / "clear_refs").write_text("5", "ascii")


def _peak_mib() -> float:
    status = (_PROC / "status").read_text("ascii")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


def _wsgi(url: str) -> float:
    proxy = wsgi_proxies(url)["ours"]
    serve_wsgi(proxy, CLIENT, 20)
    _reset_peak()
    before = _peak_mib()
    if serve_wsgi(proxy, "/_torii/large", 1) != LARGE:
        raise AssertionError
    return _peak_mib() - before


async def _asgi(url: str) -> float:
    proxy = asgi_proxies(url)["ours"]
    await serve_asgi(proxy, CLIENT, 20)
    _reset_peak()
    before = _peak_mib()
    if await serve_asgi(proxy, "/_torii/large", 1) != LARGE:
        raise AssertionError
    return _peak_mib() - before


if __name__ == "__main__":
    url = f"http://127.0.0.1:{sys.argv[2]}"
    print(_wsgi(url) if sys.argv[1] == "wsgi" else asyncio.run(_asgi(url)))
