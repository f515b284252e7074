"""The document of a protected resource: served before sign-in, to anybody, and by nobody else."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Callable

import pytest

from torii_backend import ConfigurationError, ResourceMetadata
from torii_backend import asgi as torii_asgi
from torii_backend import wsgi as torii_wsgi

from . import bare
from .issuers import Issuers
from .messages import Request, Response, bearer
from .transport import call_asgi, call_wsgi

RESOURCE = ResourceMetadata(
    "https://api.example/mcp", authorization_servers=["https://login.example"], name="Files"
)
PATH = "/.well-known/oauth-protected-resource/mcp"
Serve = Callable[[Request], Response]


def by_wsgi(issuers: Issuers, **options: Any) -> Serve:
    app = torii_wsgi.AuthMiddleware(bare.wsgi, issuer=issuers.home.issuer, **options)
    return lambda request: call_wsgi(app, request)


def by_asgi(issuers: Issuers, **options: Any) -> Serve:
    app = torii_asgi.AuthMiddleware(bare.asgi, issuer=issuers.home.issuer, **options)
    return lambda request: asyncio.run(call_asgi(app, request))


MIDDLEWARE = [by_wsgi, by_asgi]


def assert_document(response: Response) -> None:
    assert response.status == 200
    assert json.loads(response.body) == {
        "resource": "https://api.example/mcp",
        "authorization_servers": ["https://login.example"],
        "resource_name": "Files",
    }
    assert response.header("content-type") == "application/json"
    assert response.header("access-control-allow-origin") == "*"
    assert response.header("cache-control") == "public, max-age=3600"
    assert response.header("vary") is None
    assert response.header("www-authenticate") is None


@pytest.mark.parametrize("make", MIDDLEWARE)
def test_middleware_serves_the_document_without_a_token(make: Any, issuers: Issuers) -> None:
    serve = make(issuers, resource=RESOURCE)
    assert_document(serve(Request(PATH)))
    assert_document(serve(Request(f"{PATH}?a=b")))
    assert_document(serve(bearer("bad", PATH)))
    head = serve(Request(PATH, method="HEAD"))
    assert (head.status, head.body) == (200, b"")
    assert head.header("content-length") == str(len(RESOURCE.document))


@pytest.mark.parametrize("make", MIDDLEWARE)
def test_a_browser_may_ask_for_the_document(make: Any, issuers: Issuers) -> None:
    """A client of MCP sends a header of its own, so the browser asks first."""
    asks = (
        ("Access-Control-Request-Method", "GET"),
        ("Access-Control-Request-Headers", "mcp-protocol-version"),
        ("Origin", "https://inspector.example"),
    )
    response = make(issuers, resource=RESOURCE)(Request(PATH, asks, "OPTIONS"))
    assert (response.status, response.body) == (200, b"")
    assert response.header("access-control-allow-origin") == "*"
    assert response.header("access-control-allow-methods") == "GET, HEAD"
    assert response.header("access-control-allow-headers") == "*"


@pytest.mark.parametrize("make", MIDDLEWARE)
def test_other_methods_are_refused(make: Any, issuers: Issuers) -> None:
    response = make(issuers, resource=RESOURCE)(Request(PATH, method="POST"))
    assert (response.status, response.header("allow")) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("make", MIDDLEWARE)
def test_no_other_path_is_open(make: Any, issuers: Issuers) -> None:
    serve = make(issuers, resource=RESOURCE)
    paths = [
        f"{PATH}/",
        f"{PATH}/me",
        f"/{PATH}",
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-authorization-server",
        PATH.upper(),
        f"{PATH}/../../../me",
    ]
    assert {serve(Request(path)).status for path in paths} == {401}


@pytest.mark.parametrize("make", MIDDLEWARE)
def test_without_authorization_server_there_is_no_document(make: Any, issuers: Issuers) -> None:
    serve = make(issuers, resource=ResourceMetadata("https://api.example/mcp", name="Files"))
    assert serve(Request(PATH)).status == 401
    assert serve(bearer(issuers.token(), PATH)).status == 200


@pytest.mark.parametrize("make", MIDDLEWARE)
@pytest.mark.parametrize("wrong", ["https://api.example/mcp", {"resource": "x"}, ResourceMetadata])
def test_only_metadata_are_metadata(make: Any, wrong: Any, issuers: Issuers) -> None:
    with pytest.raises(ConfigurationError, match="resource must be a torii_backend"):
        make(issuers, resource=wrong)
