"""The proxy and the guard, in either order (24)."""

from __future__ import annotations

import asyncio
from typing import Any, Callable

import pytest

import torii_backend.asgi
import torii_backend.wsgi
from tests.adapters.messages import Request, Response
from tests.adapters.transport import call_asgi, call_wsgi
from torii_backend import ConfigurationError

from .apps import bare_asgi, bare_wsgi
from .upstream import Upstream

ISSUER = "https://acme.torii.so"
PROXIED = Request("/_torii/client")


def _call_asgi(app: Any, request: Request) -> Response:
    return asyncio.run(call_asgi(app, request))


KINDS = pytest.mark.parametrize(
    ("module", "app", "call"),
    [
        pytest.param(torii_backend.wsgi, bare_wsgi, call_wsgi, id="wsgi"),
        pytest.param(torii_backend.asgi, bare_asgi, _call_asgi, id="asgi"),
    ],
)
Call = Callable[[Any, Request], Response]


@KINDS
def test_a_guard_inside_the_proxy_does_not_see_its_requests(
    module: Any, app: Any, call: Call, upstream: Upstream
) -> None:
    """See clerk-docs#2248: the proxy must run before the guard."""
    guarded = module.AuthMiddleware(app, issuer=ISSUER)
    served = module.ToriiProxy(guarded, upstream=upstream.url)
    assert call(served, PROXIED).status == 200
    assert call(served, Request("/me")).status == 401
    assert len(upstream.requests) == 1


@KINDS
def test_a_guard_around_the_proxy_must_exempt_it(
    module: Any, app: Any, call: Call, upstream: Upstream
) -> None:
    proxy = module.ToriiProxy(app, upstream=upstream.url)
    for exempt in ((), ["/health"], ["/_torii"], ["/_torii/client"]):
        with pytest.raises(ConfigurationError, match=r"/_torii/\*"):
            module.AuthMiddleware(proxy, issuer=ISSUER, exempt=exempt)
    assert call(proxy, PROXIED).status == 200


@KINDS
def test_a_guard_around_the_proxy_that_exempts_it_lets_its_requests_through(
    module: Any, app: Any, call: Call, upstream: Upstream
) -> None:
    proxy = module.ToriiProxy(app, upstream=upstream.url)
    guarded = module.AuthMiddleware(proxy, issuer=ISSUER, exempt=["/_torii/*"])
    assert call(guarded, PROXIED).status == 200
    assert call(guarded, Request("/me")).status == 401
    assert len(upstream.requests) == 1
