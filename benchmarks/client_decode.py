"""A page of users out of its bytes, beside `json.loads`, which makes dicts of it."""

from __future__ import annotations

import json
from statistics import median

from figure import Figure, at_most
from people import PAGE_SIZE, page_of_users
from stopwatch import interleaved, ratio

from torii_backend.client import Page, User
from torii_backend.client._transport.response import HttpResponse, read_value


def measure(*, quick: bool) -> list[Figure]:
    """Decode the same bytes in turns."""
    body = page_of_users()
    steps = {
        "json": lambda: json.loads(body),
        "ours": lambda: read_value(HttpResponse(200, {}, body), Page[User]),
    }
    seconds = interleaved(steps, 200 if quick else 2000)
    micros = {name: f" ({median(spent) * 1e6:.0f} µs)" for name, spent in seconds.items()}
    what = f"client: decode {PAGE_SIZE} users, {len(body) / 1024:.0f} KiB"
    times = ratio(seconds["ours"], seconds["json"])
    return [
        Figure(f"{what}: json.loads", f"1{micros['json']}"),
        at_most(f"{what}: torii_backend", times, 0.6, "times", note=micros["ours"]),
    ]
