"""Calls the tools of the servers on the page about MCP, and asks for its metadata."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.adapters.messages import Request
from tests.adapters.transport import call_asgi, call_wsgi
from tests.mcp.servers import Client, served
from torii_backend.emulator import Emulator


def assert_tools_need_a_user(guarded: Any, torii: Emulator) -> None:
    def token(**claims: str) -> str:
        return torii.issue_token(user_id="user_ada", claims=claims).access_token

    with served(guarded) as url:
        client = Client(url, token(use="mcp"))
        assert client.open().status_code == 200
        assert client.call("whoami") == "user_ada"
        assert [Client(url, each).open().status_code for each in (None, token())] == [401, 403]


def assert_tells_where_to_sign_in(page: dict[str, Any]) -> None:
    resource = page["RESOURCE"]
    for app in (page["told"], page["service"]):
        responses = [asyncio.run(call_asgi(app, Request(path))) for path in ("/", resource.path)]
        assert [response.status for response in responses] in ([401, 200], [404, 200])
        assert responses[1].body == resource.document
    refused = call_wsgi(page["site"], Request())
    assert resource.url in str(refused.header("WWW-Authenticate"))
    assert call_wsgi(page["site"], Request(resource.path)).body == resource.document
    assert len(page["patterns"]) == 1
