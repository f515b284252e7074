from typing import Annotated

from fastapi import Depends, FastAPI, WebSocket

from torii_backend import Auth
from torii_backend.fastapi import require_auth

app = FastAPI()
signed_in = require_auth(issuer="https://acme.torii.so")
admins = require_auth(issuer="https://acme.torii.so", role="admin", organization=True)


@app.get("/me")
def me(auth: Annotated[Auth, Depends(signed_in)]):
    return {"user_id": auth.user_id}


@app.get("/invoices")
async def invoices(auth: Annotated[Auth, Depends(admins)]):
    return {"organization": auth.organization_id}


@app.websocket("/greet")
async def greet(websocket: WebSocket, auth: Annotated[Auth, Depends(signed_in)]):
    await websocket.accept()
    await websocket.send_text(auth.user_id)
    await websocket.close()
