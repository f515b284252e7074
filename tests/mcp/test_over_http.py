"""Both packages over real HTTP: the verifier inside, AuthMiddleware around the server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from tests.adapters.issuers import Issuers
from tests.support.clock import WATCHDOG
from torii_backend import ResourceMetadata
from torii_backend.asgi import AuthMiddleware

from .servers import Client, McpPackage, served

AUDIENCE = "https://api.example/mcp"
RESOURCE = ResourceMetadata(AUDIENCE, authorization_servers=["https://login.example"])


@contextmanager
def running(package: McpPackage, issuer: str, **guard: Any) -> Iterator[str]:
    verifier = package.verifier(issuer=issuer, audience=AUDIENCE)
    guard = {"issuer": issuer, "audience": AUDIENCE, "resource": RESOURCE, **guard}
    with served(AuthMiddleware(package.app(verifier), **guard)) as url:
        yield url


@pytest.fixture(scope="session")
def url(package: McpPackage, issuers: Issuers) -> Iterator[str]:
    """Serve each package once, for most of the tests."""
    with running(package, issuers.home.issuer) as url:
        yield url


def token(issuers: Issuers, user_id: str = "ada", **claims: Any) -> str:
    return issuers.token(user_id, aud=AUDIENCE, **claims)


def test_a_user_calls_a_tool(url: str, issuers: Issuers) -> None:
    client = Client(url, token(issuers))
    assert client.open().status_code == 200
    assert [client.call(tool) for tool in ("whoami", "whoami_async")] == ["ada free"] * 2


@pytest.mark.parametrize("bad", ["none", "malformed", "expired", "no audience", "other audience"])
def test_a_request_without_a_good_token_is_a_401(bad: str, url: str, issuers: Issuers) -> None:
    tokens = {
        "none": None,
        "malformed": "bad",
        "expired": issuers.token(aud=AUDIENCE, expires_in=-3600),
        "no audience": issuers.token(),
        "other audience": issuers.token(aud="https://other.example"),
    }
    response = Client(url, tokens[bad]).open()
    assert response.status_code == 401
    challenge = response.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer realm="torii"')
    assert challenge.endswith(f', resource_metadata="{RESOURCE.url}"')
    assert response.json()["error"]["code"] == "authentication_failed"


def test_the_document_needs_no_token(url: str) -> None:
    response = requests.get(url + RESOURCE.path, timeout=WATCHDOG)
    assert (response.status_code, response.content) == (200, RESOURCE.document)
    assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_a_user_who_fails_the_policy_is_a_403(package: McpPackage, issuers: Issuers) -> None:
    with running(package, issuers.home.issuer, claims={"plan": "pro"}) as url:
        denied = Client(url, token(issuers, plan="free")).open()
        assert Client(url, token(issuers, plan="pro")).open().status_code == 200
    assert (denied.status_code, denied.json()["error"]["reason"]) == (403, "claim")
    assert 'error="insufficient_scope"' in denied.headers["WWW-Authenticate"]
    assert denied.headers["WWW-Authenticate"].endswith(f', resource_metadata="{RESOURCE.url}"')


def test_an_outage_of_the_issuer_is_a_503(package: McpPackage, issuers: Issuers) -> None:
    down = issuers.down
    good = down.issue_token(user_id="ada", claims={"aud": AUDIENCE}).access_token
    with running(package, down.issuer) as url:
        response = Client(url, good).open()
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) >= 1
    assert "WWW-Authenticate" not in response.headers


def test_without_the_middleware_an_outage_is_no_bad_token(
    package: McpPackage, issuers: Issuers
) -> None:
    down = issuers.down
    good = down.issue_token(user_id="ada", claims={"aud": AUDIENCE}).access_token
    with served(package.app(package.verifier(issuer=down.issuer, audience=AUDIENCE))) as url:
        assert Client(url, good).open().status_code == 500
        assert Client(url).open().status_code == 401


def test_a_client_of_others_calls_a_tool(url: str, issuers: Issuers) -> None:
    """It speaks the newest version of the protocol that both sides know."""
    from fastmcp import Client as TheirClient

    async def call() -> list[Any]:
        async with TheirClient(f"{url}/mcp", auth=token(issuers)) as client:
            results = [await client.call_tool(tool) for tool in ("whoami", "whoami_async")]
        return [result.content[0].text for result in results]

    assert asyncio.run(call()) == ["ada free"] * 2


def test_a_session_belongs_to_its_user(url: str, issuers: Issuers) -> None:
    ada = Client(url, token(issuers))
    ada.open()
    assert ada.session
    grace = Client(url, token(issuers, "grace"), ada.session)
    response = grace.post("tools/call", {"name": "whoami", "arguments": {}})
    assert response.status_code == 404
    grace.session = ""
    grace.open()
    assert [ada.call("whoami"), grace.call("whoami")] == ["ada free", "grace free"]


def test_the_innermost_guard_counts_in_a_tool(url: str, issuers: Issuers) -> None:
    client = Client(url, token(issuers, plan="pro"))
    client.open()
    client.token = token(issuers)
    said = client.call("ask_another_app", token=issuers.token("grace"))
    assert said == "grace free within ada free"


def test_a_tool_sees_the_token_of_its_own_message(url: str, issuers: Issuers) -> None:
    """Not that of the message that opened the session, which may say less or more."""
    client = Client(url, token(issuers, plan="pro"))
    client.open()
    assert client.call("whoami") == "ada pro"
    client.token = token(issuers, plan="free")
    assert [client.call(tool) for tool in ("whoami", "whoami_async")] == ["ada free"] * 2
    client.token = issuers.token(aud=AUDIENCE, expires_in=-3600)
    assert client.post("tools/call", {"name": "whoami", "arguments": {}}).status_code == 401
