"""Verifying tokens for MCP servers, and telling clients where to get one."""

from __future__ import annotations

from typing import Optional

from django.urls import URLPattern
from fastapi import APIRouter
from fastmcp import FastMCP
from flask import Flask
from mcp.server.auth.provider import AccessToken, TokenVerifier

from torii_backend import GuardOptions, Policy, ResourceMetadata, Verifier
from torii_backend import fastmcp as torii_fastmcp
from torii_backend import mcp as torii_mcp
from torii_backend.asgi import AuthMiddleware
from torii_backend.django import resource_urls
from torii_backend.fastapi import require_auth, resource_router
from torii_backend.flask import Torii

verifier: TokenVerifier = torii_mcp.ToriiTokenVerifier(audience="https://api.example/mcp")
torii_mcp.ToriiTokenVerifier(verifier=Verifier(), claims={"use": "mcp"})
torii_mcp.ToriiTokenVerifier(policy=Policy(role="admin"), leeway=5)
torii_mcp.ToriiTokenVerifier(any_token="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
torii_mcp.ToriiTokenVerifier(exempt=["/mcp"])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
server = FastMCP("Invoices", auth=torii_fastmcp.ToriiTokenVerifier(any_token=True))
guarded = AuthMiddleware(server.http_app(), claims={"use": "mcp"})


async def subject(token: str) -> Optional[str]:
    access: Optional[AccessToken] = await verifier.verify_token(token)
    return None if access is None else access.subject


resource = ResourceMetadata(
    "https://api.example/mcp",
    authorization_servers=["https://login.example"],
    scopes=("invoices:read",),
    name="Invoices",
)
ResourceMetadata("https://api.example", authorization_servers=7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
address: str = resource.url
document: bytes = resource.document
options: GuardOptions = {"resource": resource}
AuthMiddleware(guarded, resource=resource)
AuthMiddleware(guarded, resource="https://api.example")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Torii(Flask(__name__), resource=resource)
require_auth(resource=resource)
router: APIRouter = resource_router(resource)
patterns: list[URLPattern] = resource_urls(resource)
