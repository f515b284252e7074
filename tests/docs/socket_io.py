"""Connects to the servers of the page about Socket.IO: by Flask-SocketIO's test client, and by polling."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx

from torii_backend import Authenticator
from torii_backend.emulator import Emulator

_URL = "http://testserver/socket.io/?EIO=4&transport=polling"


def assert_connections_are_verified(page: dict[str, Any], torii: Emulator) -> None:
    token = torii.issue_token(user_id="user_ada").access_token
    asyncio.run(_assert_polling_is_verified(page, token))
    socketio, chat = page["socketio"], page["chat"]
    for payload in _refused(token):
        assert not socketio.test_client(chat, auth=payload).is_connected()
    client = socketio.test_client(chat, auth={"token": token})
    client.emit("whoami")
    assert client.get_received()[0]["args"] == ["user_ada"]
    expired = torii.issue_token(expires_in=-3600).access_token
    lenient = Authenticator(issuer=torii.issuer, leeway=7200)
    auth = lenient.authenticate({"Authorization": f"Bearer {expired}"})
    page["signed_in"].update(dict.fromkeys(page["signed_in"], auth))
    client.emit("whoami")
    assert not client.is_connected()
    assert page["signed_in"] == {}


def _refused(token: str) -> list[Any]:
    payloads = [{"token": each} for each in (None, "", [token], f"{token}x", f"{token} {token}")]
    return [None, {}, "token", [token], *payloads]


async def _assert_polling_is_verified(page: dict[str, Any], token: str) -> None:
    transport = httpx.ASGITransport(page["sockets"])
    async with httpx.AsyncClient(transport=transport) as client:
        for payload in _refused(token):
            url = await _connect(client, payload)
            assert (await client.get(url)).text.startswith("44")
        url = await _connect(client, {"token": token})
        sid = json.loads((await client.get(url)).text[2:])["sid"]
        await client.post(url, content='42["whoami"]')
        assert (await client.get(url)).text == '42["user","user_ada"]'
        await page["disconnect_later"](sid, 0)
        assert (await client.get(url)).text == "41"


async def _connect(client: httpx.AsyncClient, payload: Any) -> str:
    """Open a connection, and send the packet that connects the namespace."""
    opened = json.loads((await client.get(_URL)).text[1:])
    url = f"{_URL}&sid={opened['sid']}"
    await client.post(url, content="40" + ("" if payload is None else json.dumps(payload)))
    return url
