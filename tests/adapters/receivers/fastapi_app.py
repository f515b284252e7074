"""A FastAPI application whose dependencies guard all its endpoints."""

from __future__ import annotations

from fastapi import Depends, FastAPI

from tests.adapters.delivery import Serve, serve_asgi
from torii_backend import Events
from torii_backend.fastapi import EventReceiver, require_auth

from .starlette_app import ISSUER, read_all


def build(events: Events, *, consumed: bool = False) -> Serve:
    app = FastAPI(dependencies=[Depends(require_auth(issuer=ISSUER))])
    app.add_route("/torii/events", EventReceiver(events))  # type: ignore[arg-type]
    if consumed:
        app.middleware("http")(read_all)
    return serve_asgi(app)
