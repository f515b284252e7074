"""What a receiver of events adds to an open POST route, framework by framework."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterator
from functools import partial
from typing import Any, Callable, NamedTuple

from figure import Figure, at_most
from stopwatch import difference, interleaved

from torii_backend import Event, Events
from torii_backend.emulator import sign_webhook

_SECRET = "whsec_zwIoMcBbMEpOjAmGVYd0oDZrPvsGk+jzPzISCk/UiBg="  # noqa: S105
_PATH = "/torii/events"
_DELIVERIES = 100
_OK = b'{"status":"ok"}'
_BODY = json.dumps({"id": "evt_1", "type": "user.deleted", "data": {"text": "x" * 960}}).encode()
_OTHERS = {
    "host": "api.example",
    "user-agent": "sender/1.0",
    "accept": "*/*",
    "accept-encoding": "gzip",
    "content-length": str(len(_BODY)),
}
Round = list[dict[str, str]]
Serve = Callable[[Round], None]


class _Apps(NamedTuple):
    """The same route twice: one reads the body and responds, the other is a receiver."""

    bare: Any
    receiver: Any


def measure(*, quick: bool) -> list[Figure]:
    """Time a POST of 1 KiB to an open route and to a receiver with a MemoryInbox, in turns."""
    rounds = 20 if quick else 100
    return [
        at_most(
            f"webhooks: added to a POST, MemoryInbox, {name}", _added(rounds, *how), limit, "µs"
        )
        for name, how, limit in [
            ("WSGI", (_wsgi, _over_wsgi), 60),
            ("ASGI", (_asgi, _over_asgi), 60),
            ("Flask", (_flask, _over_wsgi), 100),
            ("Django", (_django, _over_wsgi), 100),
            ("FastAPI", (_fastapi, _over_asgi), 100),
        ]
    ]


def _added(rounds: int, build: Callable[[Events], _Apps], over: Callable[[Any], Serve]) -> float:
    """Return the microseconds that the receiver adds."""
    events = Events(_SECRET)
    # As such an application has it: a sync handler would run on a thread.
    events.on("user.*")(_handle_async if over is _over_asgi else _handle)
    deliveries = [_round() for _ in range(rounds)]
    steps = {
        name: partial(_next, over(app), iter(deliveries))
        for name, app in build(events)._asdict().items()
    }
    seconds = interleaved(steps, rounds)
    return difference(seconds["receiver"], seconds["bare"]) / _DELIVERIES * 1e6


def _round() -> Round:
    """Sign deliveries, each with an id of its own."""
    return [
        {**_OTHERS, **{name.lower(): value for name, value in signed.items()}}
        for signed in (sign_webhook(secret=_SECRET, payload=_BODY) for _ in range(_DELIVERIES))
    ]


def _handle(event: Event) -> None:
    pass


async def _handle_async(event: Event) -> None:
    pass


def _next(serve: Serve, rounds: Iterator[Round]) -> None:
    serve(next(rounds))


def _wsgi(events: Events) -> _Apps:
    from torii_backend.wsgi import EventReceiver

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        start_response("200 OK", [("Content-Type", "application/json")])
        return [_OK]

    return _Apps(app, EventReceiver(events))


def _asgi(events: Events) -> _Apps:
    from torii_backend.asgi import EventReceiver

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": _OK})

    return _Apps(app, EventReceiver(events))


def _flask(events: Events) -> _Apps:
    from flask import Flask, request

    from torii_backend.flask import receive

    def bare() -> bytes:
        request.get_data()
        return _OK

    apps = _Apps(Flask("bare"), Flask("receiver"))
    apps.bare.post(_PATH)(bare)
    apps.receiver.post(_PATH)(receive(events))
    return apps


def _django(events: Events) -> _Apps:
    import django as framework
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler
    from django.http import HttpResponse
    from django.urls import path

    from torii_backend.django import receive

    def bare(request: Any) -> HttpResponse:
        return HttpResponse(_OK if request.body else b"")

    class Urls:
        urlpatterns: tuple[Any, ...] = ()

    settings.configure(ROOT_URLCONF=Urls, ALLOWED_HOSTS=["*"])
    framework.setup()
    Urls.urlpatterns = (path("bare", bare), path(_PATH[1:], receive(events)))
    handler = WSGIHandler()

    def at_bare(environ: dict[str, Any], start_response: Any) -> Any:
        environ["PATH_INFO"] = "/bare"
        return handler(environ, start_response)

    return _Apps(at_bare, handler)


def _fastapi(events: Events) -> _Apps:
    from fastapi import FastAPI
    from fastapi.requests import Request
    from fastapi.responses import Response

    from torii_backend.fastapi import EventReceiver

    async def bare(request: Request) -> Response:
        await request.body()
        return Response(_OK)

    apps = _Apps(FastAPI(), FastAPI())
    # Not `post`, whose dependencies and models a receiver doesn't have either.
    apps.bare.add_route(_PATH, bare, methods=["POST"])
    apps.receiver.add_route(_PATH, EventReceiver(events))
    return apps


def _over_wsgi(app: Any) -> Serve:
    base = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": _PATH,
        "QUERY_STRING": "",
        "SERVER_NAME": "api.example",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(_BODY)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    statuses: list[Any] = []

    def start_response(status: str, headers: object, exc_info: object = None) -> None:
        statuses.append(status)

    def serve(deliveries: Round) -> None:
        for headers in deliveries:
            environ = {**base, "wsgi.input": io.BytesIO(_BODY)}
            for name, value in headers.items():
                environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
            body = app(environ, start_response)
            b"".join(body)
            close = getattr(body, "close", None)
            if close is not None:
                close()
        _check(statuses, "200 OK")

    return serve


def _over_asgi(app: Any) -> Serve:
    base = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": _PATH,
        "raw_path": _PATH.encode(),
        "root_path": "",
        "query_string": b"",
        "client": ("127.0.0.1", 50000),
        "server": ("api.example", 80),
    }
    loop = asyncio.new_event_loop()
    statuses: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": _BODY, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def requests(deliveries: Round) -> None:
        for headers in deliveries:
            encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
            await app({**base, "headers": encoded}, receive, send)

    def serve(deliveries: Round) -> None:
        loop.run_until_complete(requests(deliveries))
        _check(statuses, 200)

    return serve


def _check(statuses: list[Any], expected: object) -> None:
    if set(statuses) != {expected}:
        raise RuntimeError(f"an application answered {sorted(set(statuses))}")
    statuses.clear()
