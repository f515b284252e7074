"""The same small server in both packages, and a client that speaks MCP as plain HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Callable, Optional

import requests
import uvicorn

from tests.adapters.messages import bearer
from tests.adapters.transport import call_wsgi
from tests.support.clock import WATCHDOG
from torii_backend import current_auth
from torii_backend.wsgi import AuthMiddleware

Tool = Callable[..., Any]


def whoami() -> str:
    """Tell who calls."""
    auth: Any = current_auth()
    return f"{auth.user_id} {auth.claims.get('plan', 'free')}"


async def whoami_async() -> str:
    """Tell who calls, on the event loop."""
    return whoami()


def server_class() -> Any:
    """Return the server of the package mcp: version 2 has another name for it."""
    if find_spec("mcp.server.mcpserver") is not None:
        return import_module("mcp.server.mcpserver").MCPServer
    return import_module("mcp.server.fastmcp").FastMCP


def ask_another_app(token: str) -> str:
    """Call another guarded application, which another user may be signed in to."""
    auth: Any = current_auth()
    inner = AuthMiddleware(_greet, issuer=auth.issuer)
    response = call_wsgi(inner, bearer(token))
    return f"{response.body.decode()} within {whoami()}"


def _greet(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [whoami().encode()]


TOOLS: tuple[Tool, ...] = (whoami, whoami_async, ask_another_app)


class McpPackage:
    """The server of the package mcp."""

    name = "mcp"

    def server(self, verifier: Any, tools: tuple[Tool, ...] = TOOLS) -> Any:
        """Make a server with these tools."""
        from mcp.server.auth.settings import AuthSettings
        from pydantic import AnyHttpUrl

        # They ask for an authorization server, which nobody is told about by these settings.
        login = AnyHttpUrl("https://login.example")
        auth = AuthSettings(issuer_url=login, resource_server_url=None)
        options = {} if verifier is None else {"auth": auth, "token_verifier": verifier}
        server = server_class()("test", **options)
        for tool in tools:
            server.tool()(tool)
        return server

    def app(self, verifier: Any) -> Any:
        """Make the ASGI application, which serves `/mcp`."""
        return self.server(verifier).streamable_http_app()

    async def call_alone(self, tool: str) -> Any:
        """Call a tool of a server without sign-in, as a program that has it in its own process."""
        return await self.server(None).call_tool(tool, {})

    def verifier(self, **options: Any) -> Any:
        """Make the verifier for this package."""
        from torii_backend.mcp import ToriiTokenVerifier

        return ToriiTokenVerifier(**options)


class FastMcpPackage(McpPackage):
    """The server of the package fastmcp."""

    name = "fastmcp"

    def server(self, verifier: Any, tools: tuple[Tool, ...] = TOOLS) -> Any:
        from fastmcp import FastMCP

        server: Any = FastMCP("test", auth=verifier)
        for tool in tools:
            server.tool()(tool)
        return server

    def app(self, verifier: Any) -> Any:
        return self.server(verifier).http_app()

    def verifier(self, **options: Any) -> Any:
        from torii_backend.fastmcp import ToriiTokenVerifier

        return ToriiTokenVerifier(**options)


PACKAGES = [McpPackage(), FastMcpPackage()]


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve an application on a thread; yields its address."""
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="on")
    server = uvicorn.Server(config)
    started = threading.Event()
    startup = server.startup

    async def tell(*args: Any, **kwargs: Any) -> None:
        await startup(*args, **kwargs)
        started.set()

    server.startup = tell  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        assert started.wait(WATCHDOG)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(WATCHDOG)
        assert not thread.is_alive()


class Client:
    """A client with a token, and maybe in a session."""

    def __init__(self, url: str, token: Optional[str] = None, session: str = "") -> None:
        self.url = f"{url}/mcp"
        self.token = token
        self.session = session

    def post(self, method: str, params: Any = None, *, number: Optional[int] = 1) -> Any:
        """Send one message; gives the response."""
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params or {}}
        if number is not None:
            message["id"] = number
        headers = {"Accept": "application/json, text/event-stream"}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if self.session:
            headers["Mcp-Session-Id"] = self.session
        return requests.post(self.url, json=message, headers=headers, timeout=WATCHDOG)

    def open(self) -> Any:
        """Open a session; gives the response."""
        response = self.post(
            "initialize",
            {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            },
        )
        self.session = response.headers.get("Mcp-Session-Id", "")
        if self.session:
            assert self.post("notifications/initialized", number=None).status_code == 202
        return response

    def call(self, tool: str, **arguments: str) -> str:
        """Call a tool; gives its text."""
        params = {"name": tool, "arguments": arguments}
        result = content(self.post("tools/call", params))["result"]
        text: str = result["content"][0]["text"]
        return f"error: {text}" if result.get("isError") else text


def content(response: Any) -> Any:
    """Read the one message of a response, as JSON or as an event."""
    assert response.status_code == 200, response.text
    lines = response.text.splitlines()
    data = [line[len("data: ") :] for line in lines if line.startswith("data: {")]
    return json.loads(data[-1] if data else response.text)
