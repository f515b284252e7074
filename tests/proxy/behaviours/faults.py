"""An upstream that can't be reached, that hangs, or that says no (20, 21, 23)."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

from tests.ports import free_port
from tests.proxy.client import Response
from tests.proxy.rig import PATIENT, Rig, behaviour
from tests.proxy.upstream import Exchange, reply
from tests.support.clock import WATCHDOG

# Seconds; what hangs in these tests hangs forever.
HASTY = (WATCHDOG, 0.3)
_ATTEMPTS = 10


def assert_fault(response: Response, status: int, code: str, *secrets: bytes) -> None:
    assert response.status == status
    assert response.values(b"content-type") == [b"application/json"]
    assert response.values(b"cache-control") == [b"no-store"]
    error = response.json()["error"]
    assert list(response.json()) == ["error"]
    assert sorted(error) == ["code", "message"]
    assert error["code"] == code
    for secret in (b"127.0.0.1", b"Error", b"Errno", b"refused", b"hunter2", *secrets):
        assert secret not in response.body


@behaviour
def an_upstream_that_nobody_serves_is_502(rig: Rig) -> None:
    port = free_port()
    response = rig.ask(b"/_torii/hunter2", upstream=f"http://127.0.0.1:{port}")
    assert_fault(response, 502, "proxy_failed", b"%d" % port)


@behaviour
def an_upstream_that_does_not_accept_is_504(rig: Rig) -> None:
    with socket.socket() as full, socket.socket() as first:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        # What fits into its backlog; the next one waits.
        first.connect(full.getsockname())
        waiting = [socket.socket() for _ in range(2)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        response = rig.ask(upstream=url, timeout=(0.3, WATCHDOG))
        for each in waiting:
            each.close()
    assert_fault(response, 504, "proxy_timeout")


@behaviour
def an_upstream_that_says_nothing_is_504(rig: Rig) -> None:
    rig.upstream.script(Exchange.wait_until_left)
    for method in (b"GET", b"POST"):
        assert_fault(rig.ask(method=method, timeout=HASTY), 504, "proxy_timeout")
    rig.upstream.wait_for(lambda: rig.upstream.open == 0)
    # Not sent again.
    assert len(rig.upstream.requests) == 2


@behaviour
def headers_that_drip_are_504(rig: Rig) -> None:
    """Each byte comes within the wait, but all of them don't."""

    def drip(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nX-Drip: ")
        while True:  # until the connection is closed
            exchange.send(b"x")
            time.sleep(0.02)

    rig.upstream.script(drip)
    assert_fault(rig.ask(timeout=HASTY), 504, "proxy_timeout")
    rig.upstream.wait_for(lambda: rig.upstream.open == 0)


@behaviour
def interim_responses_without_end_are_504(rig: Rig) -> None:
    def drip(exchange: Exchange) -> None:
        while True:
            exchange.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            time.sleep(0.02)

    rig.upstream.script(drip)
    assert_fault(rig.ask(timeout=HASTY), 504, "proxy_timeout")


@behaviour
def a_body_that_stalls_never_looks_whole(rig: Rig) -> None:
    def stall(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
        exchange.wait_until_left()

    rig.upstream.script(stall)
    # On a busy machine the headers may be late as well.
    responses = (rig.ask(timeout=HASTY) for _ in range(_ATTEMPTS))
    response = next(each for each in responses if each.status != 504)
    assert (response.status, response.body, response.is_whole) == (200, b"part", False)
    rig.upstream.wait_for(lambda: rig.upstream.open == 0)


@behaviour
def there_is_no_limit_for_a_whole_response(rig: Rig) -> None:
    """A body may take longer than a wait, as long as something comes within each."""
    wait, pieces = 1.0, 10

    def drip(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % pieces)
        for _ in range(pieces):
            time.sleep(wait / 8)
            exchange.send(b"x")

    rig.upstream.script(drip)
    # On a busy machine a piece may come too late.
    responses = (rig.ask(timeout=(WATCHDOG, wait)) for _ in range(_ATTEMPTS))
    assert any((each.body, each.is_whole) == (b"x" * pieces, True) for each in responses)


@behaviour
def an_upstream_that_does_not_read_is_504(rig: Rig) -> None:
    done = threading.Event()

    def ignore(exchange: Exchange) -> None:
        done.wait(WATCHDOG)

    rig.upstream.script(ignore)
    try:
        body = bytes(30_000_000)
        length = b"Content-Length: %d" % len(body)
        options: dict[str, Any] = {"max_body": len(body), "timeout": HASTY}
        with rig.connect() as client:
            client.send(rig.request(b"/_torii/x", length, method=b"POST", body=body, **options))
            response = client.read_response()
    finally:
        done.set()
    assert_fault(response, 504, "proxy_timeout")


@behaviour
def what_the_upstream_refuses_is_passed_on(rig: Rig) -> None:
    """See agenticos#1426: 429 and Retry-After were flattened into a failure."""
    for status in (
        b"429 Too Many Requests",
        b"503 Service Unavailable",
        b"500 Oh",
        b"403 Forbidden",
    ):
        body = b'{"title":"no","supportId":"x"}'
        fields = (b"Retry-After: 7", b"Content-Type: application/problem+json")
        rig.upstream.script(reply(body, *fields, status=status))
        response = rig.ask()
        assert b"%d" % response.status == status[:3]
        assert response.values(b"retry-after") == [b"7"]
        assert response.values(b"content-type") == [b"application/problem+json"]
        assert response.body == body


@behaviour
def an_early_refusal_of_a_body_is_passed_on(rig: Rig) -> None:
    """The upstream responds before it has read the body, and closes."""

    def refuse(exchange: Exchange) -> None:
        exchange.send(reply(b"no", b"Connection: close", status=b"413 Too Large"))
        exchange.read_body()
        exchange.close()

    rig.upstream.script(refuse)
    response = rig.ask(method=b"POST", body=bytes(200_000))
    assert (response.status, response.body) == (413, b"no")


@behaviour
def refusals_of_the_proxy_are_json(rig: Rig) -> None:
    for response in (
        rig.ask(b"/_torii/%2e%2e/x"),
        rig.ask(method=b"PROPFIND"),
        rig.ask(method=b"POST", body=bytes(11), max_body=10),
    ):
        if response.status in (404, 405, 413) and response.values(b"cache-control"):
            assert response.values(b"content-type") == [b"application/json"]
            assert response.values(b"cache-control") == [b"no-store"]
            assert sorted(response.json()["error"]) == ["code", "message"]
    assert rig.ask(method=b"POST", body=bytes(11), max_body=10).status == 413


@behaviour
def preflight_requests_are_the_upstreams(rig: Rig) -> None:
    fields = (
        b"Origin: https://other.example",
        b"Access-Control-Request-Method: POST",
        b"Access-Control-Request-Headers: content-type",
    )
    rig.upstream.script(reply(b"", status=b"403 Forbidden"))
    response = rig.ask(b"/_torii/client", *fields, method=b"OPTIONS")
    assert response.status == 403
    assert rig.upstream.only.method == b"OPTIONS"
    assert b"access-control-request-method" in rig.upstream.only.names
    assert not any(name.startswith(b"access-control") for name, _ in response.fields)


@behaviour
def cors_headers_are_the_upstreams(rig: Rig) -> None:
    rig.upstream.script(reply(b"{}", b"Access-Control-Allow-Origin: https://app.example"))
    response = rig.ask(b"/_torii/client", b"Origin: https://app.example")
    assert response.values(b"access-control-allow-origin") == [b"https://app.example"]
    rig.upstream.script(reply())
    response = rig.ask(b"/_torii/client", b"Origin: https://app.example", timeout=PATIENT)
    assert response.values(b"access-control-allow-origin") == []
    assert response.values(b"set-cookie") == []
