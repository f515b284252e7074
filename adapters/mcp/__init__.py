"""Let users of Torii call the tools of an MCP server.

    verifier = ToriiTokenVerifier(issuer="https://acme.torii.so", audience="https://api.example/mcp")
    server = MCPServer("Invoices", token_verifier=verifier, auth=...)
    app = AuthMiddleware(server.streamable_http_app(), issuer="https://acme.torii.so", ...)

Tools find the Auth by `current_auth()`. The middleware of `torii_backend.asgi` belongs around the server.
It needs the extra `mcp`, and Python 3.10 or newer.
"""

from __future__ import annotations

from torii_backend._guard.context import current_auth
from torii_backend.mcp.verifier import ToriiTokenVerifier

__all__ = ["ToriiTokenVerifier", "current_auth"]
