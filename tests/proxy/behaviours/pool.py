"""Connections to the upstream (22)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from tests.proxy.rig import Rig, behaviour
from tests.proxy.upstream import Exchange, reply
from tests.support.clock import WATCHDOG


@behaviour
def a_connection_serves_many_requests(rig: Rig) -> None:
    for _ in range(5):
        assert rig.ask().status == 200
        assert rig.ask(method=b"POST", body=b"{}").status == 200
    assert (len(rig.upstream.requests), rig.upstream.accepted) == (10, 1)


@behaviour
def no_cookie_is_kept_for_another_request(rig: Rig) -> None:
    """See fastapi-proxy-lib GHSA-7vwr-g6pm-9hc8: the client had a cookie jar."""
    rig.upstream.script(
        reply(b"{}", b"Set-Cookie: __client_session=of-ada; Path=/", b"WWW-Authenticate: Basic")
    )
    rig.ask(b"/_torii/client", b"Authorization: Basic YWRhOmh1bnRlcjI=", b"Cookie: a=1")
    rig.ask()
    rig.ask(b"/_torii/client", b"Cookie: b=2")
    of_ada, of_nobody, of_grace = rig.upstream.requests
    assert of_ada.connection == of_grace.connection
    assert of_nobody.names == [b"host"]
    assert of_grace.fields[1:] == [(b"cookie", b"b=2")]


@behaviour
def no_more_than_pool_size_connections_stay_idle(rig: Rig) -> None:
    together = threading.Event()

    def held(exchange: Exchange) -> None:
        assert together.wait(WATCHDOG)
        exchange.send(reply())

    rig.upstream.script(held)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(rig.ask, pool_size=2) for _ in range(4)]
        rig.upstream.wait_for_requests(4)
        together.set()
        assert [each.result().status for each in asked] == [200] * 4
    rig.upstream.wait_for(lambda: rig.upstream.open <= 2)


@behaviour
def a_connection_that_the_upstream_closes_is_not_kept(rig: Rig) -> None:
    rig.upstream.script(reply(b"{}", b"Connection: close"))
    for _ in range(3):
        assert rig.ask(method=b"POST").status == 200
    assert rig.upstream.accepted == 3


@behaviour
def what_nobody_asked_for_is_never_a_response(rig: Rig) -> None:
    """A second response on a connection would be taken for that of the next request, of another user."""

    def together(exchange: Exchange) -> None:
        exchange.send(reply(b"mine") + reply(b"of another user"))

    def after(exchange: Exchange) -> None:
        exchange.send(reply(b"mine"))
        exchange.send(reply(b"of another user"))

    for script in (together, after):
        rig.upstream.script(script, reply(b"next"))
        bodies = [rig.ask().body for _ in range(3)]
        assert bodies[0] == b"mine"
        assert b"of another user" not in bodies
        assert bodies[-1] == b"next"
