"""The proxy as a WSGI application, without a server around it (1, 2, 26)."""

from __future__ import annotations

import io
from typing import Any
from wsgiref.validate import validator

import pytest

from tests.adapters.messages import Request
from tests.adapters.transport import call_wsgi, environ_of
from torii_backend.wsgi import ToriiProxy

from .apps import bare_wsgi
from .upstream import Exchange, Upstream, chunked, reply


@pytest.fixture
def proxy(upstream: Upstream) -> Any:
    return ToriiProxy(bare_wsgi, upstream=upstream.url)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("target", ["/_torii/client", "/_torii/%2e%2e/x", "/me"])
def test_it_obeys_the_protocol(proxy: Any, method: str, target: str) -> None:
    """By `wsgiref.validate`."""
    response = call_wsgi(proxy, Request(target, method=method))
    assert response.status in (200, 404, 405)


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified", b"200", b"299 \xe9"])
def test_it_obeys_the_protocol_for_every_status(
    proxy: Any, upstream: Upstream, status: bytes
) -> None:
    fields = b"X-Odd: \xe9\r\nContent-Length: 0\r\n"
    if not status.startswith((b"204", b"304")):
        fields += b"Content-Type: text/plain\r\n"
    upstream.script(b"HTTP/1.1 %b\r\n%b\r\n" % (status, fields))
    response = call_wsgi(proxy, Request("/_torii/client"))
    assert response.status == int(status[:3])
    assert response.header("X-Odd") == "\xe9"


def test_a_body_is_read_as_far_as_its_length(proxy: Any, upstream: Upstream) -> None:
    """What follows in `wsgi.input` may be the next request."""
    environ = environ_of(Request("/_torii/x", method="POST"))
    environ["CONTENT_LENGTH"] = "5"
    environ["CONTENT_TYPE"] = "text/plain"
    environ["wsgi.input"] = sent = io.BytesIO(b"hello, and more")
    body = validator(proxy)(environ, lambda *_: bytes)
    assert b"".join(body) == b"{}"
    body.close()  # type: ignore[attr-defined]
    assert upstream.only.body == b"hello"
    assert sent.tell() == 5


def test_closing_a_response_early_closes_its_connection(proxy: Any, upstream: Upstream) -> None:
    def stream(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"first"))
        exchange.wait_until_left()

    upstream.script(stream, reply(b"next"))
    body = proxy(environ_of(Request("/_torii/client")), lambda *_: bytes)
    assert next(iter(body)) == b"first"
    body.close()
    upstream.wait_for(lambda: upstream.open == 0)
    assert call_wsgi(proxy, Request("/_torii/client")).body == b"next"


def test_closing_a_response_that_nobody_has_read_closes_its_connection(
    proxy: Any, upstream: Upstream
) -> None:
    upstream.script(reply(b"x" * 3_000_000))
    body = proxy(environ_of(Request("/_torii/client")), lambda *_: bytes)
    body.close()
    upstream.wait_for(lambda: upstream.open == 0)


def test_without_a_raw_target_the_path_is_encoded_once(proxy: Any, upstream: Upstream) -> None:
    target = "/_torii/%C3%A6%20%252e/a;b=1?x=%2F"
    assert call_wsgi(proxy, Request(target, shows_target=False)).status == 200
    assert upstream.only.target == target.encode()


def test_the_mount_point_is_a_part_of_the_path(proxy: Any, upstream: Upstream) -> None:
    """The browser SDK calls the root of the origin."""
    request = Request("/_torii/client", shows_target=False)
    assert call_wsgi(proxy, request, SCRIPT_NAME="/shop").body == b"app GET /_torii/client"
    below = Request("/client", shows_target=False)
    assert call_wsgi(proxy, below, SCRIPT_NAME="/_torii").status == 200
    assert upstream.only.target == b"/_torii/client"


def test_the_secret_key_is_never_sent(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORII_SECRET_KEY", "sk_test_hunter2")
    proxy = ToriiProxy(bare_wsgi, upstream=upstream.url)
    assert call_wsgi(proxy, Request("/_torii/client")).status == 200
    assert b"hunter2" not in upstream.only.head
