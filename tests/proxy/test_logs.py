"""What logs and reprs show (19, 23)."""

from __future__ import annotations

import logging

import pytest

from tests.adapters.messages import Request
from tests.adapters.transport import call_wsgi
from torii_backend.wsgi import ToriiProxy

from .apps import bare_wsgi
from .behaviours.leaving import stream_without_end
from .conftest import RigOf
from .rig import Rig
from .running import RUNNING, wait_until_idle
from .upstream import Exchange, Upstream, reply

# The access log of the server is its own.
ACCESS = "uvicorn.access"
SECRETS = (
    b"Cookie: __client_session=hunter2",
    b"Authorization: Bearer hunter2",
    b"X-Torii-Session-Token: hunter2",
)


@pytest.fixture(params=list(RUNNING))
def rig(request: pytest.FixtureRequest, rig_of: RigOf) -> Rig:
    rig = rig_of(request.param)
    wait_until_idle()
    return rig


def test_the_log_has_paths_only(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """At the level DEBUG, also of the libraries that we use."""
    # It sets the level of what is captured, too: the last one counts.
    caplog.set_level(logging.WARNING, ACCESS)
    caplog.set_level(logging.DEBUG)
    rig.upstream.script(reply(b"hunter2", b"Set-Cookie: __client_session=hunter2"))
    rig.ask(b"/_torii/auth/login?ticket=hunter2", *SECRETS, method=b"POST", body=b"hunter2")
    assert "hunter2" not in caplog.text
    ours = [each for each in caplog.records if each.name.startswith("torii_backend")]
    assert ours and {each.levelno for each in ours} == {logging.DEBUG}
    assert "/_torii/auth/login" in caplog.text


def test_a_client_that_leaves_is_no_error(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    rig.upstream.script(stream_without_end)
    with rig.connect() as client:
        client.send(rig.request(b"/_torii/client"))
        client.read_until(bytes(1000))
        client.reset()
    rig.upstream.wait_for(lambda: rig.upstream.open == 0)
    assert rig.ask(b"/").status == 200
    assert [each for each in caplog.records if each.name.startswith("torii_backend")] == []
    assert "Traceback" not in caplog.text


def test_a_fault_is_logged_without_secrets(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    # It sets the level of what is captured, too: the last one counts.
    caplog.set_level(logging.WARNING, ACCESS)
    caplog.set_level(logging.DEBUG)
    rig.upstream.script(Exchange.close)
    assert rig.ask(b"/_torii/x?ticket=hunter2", *SECRETS).status == 502
    assert "hunter2" not in caplog.text


def test_a_repr_shows_no_secrets(upstream: Upstream) -> None:
    proxy = ToriiProxy(bare_wsgi, upstream=upstream.url)
    assert call_wsgi(proxy, Request("/_torii/x", (("Cookie", "a=hunter2"),))).status == 200
    assert "hunter2" not in repr(proxy) + repr(vars(proxy))


def test_a_malformed_body_is_logged_without_it(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """httpcore quotes what it can't read, which may be what was meant as the body."""
    caplog.set_level(logging.CRITICAL, "uvicorn")
    caplog.set_level(logging.DEBUG)

    def malformed(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
        exchange.send(b'{"token":"hunter2"}\r\n')

    rig.upstream.script(malformed)
    assert not rig.ask().is_whole
    rig.upstream.wait_for(lambda: rig.upstream.open == 0)
    assert "hunter2" not in caplog.text
