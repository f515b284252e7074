"""Serving Torii from the origin of an application."""

from __future__ import annotations

import ssl
from typing import Any, Optional
from wsgiref.types import WSGIApplication

from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from fastapi import FastAPI
from flask import Flask

import torii_backend.asgi
import torii_backend.wsgi
from torii_backend import IncomingRequest

flask_app = Flask(__name__)
flask_app.wsgi_app = torii_backend.wsgi.ToriiProxy(flask_app.wsgi_app)  # type: ignore[method-assign]

application: WSGIApplication = torii_backend.wsgi.ToriiProxy(get_wsgi_application())
asgi_application = torii_backend.asgi.ToriiProxy(get_asgi_application())


def client_ip(request: IncomingRequest) -> Optional[str]:
    return request.remote_address or None


def serve(app: FastAPI, environ: dict[str, Any]) -> None:
    app.add_middleware(torii_backend.asgi.ToriiProxy)
    app.add_middleware(torii_backend.asgi.ToriiProxy, issuer="https://acme.torii.so", max_body=0)
    torii_backend.asgi.ToriiProxy(
        app,
        upstream="https://acme.torii.so",
        timeout=(1, 5.5),
        client_ip=client_ip,
        drop_cookies={"session"},
        pool_size=8,
        ssl_context=ssl.create_default_context(),
    )
    torii_backend.wsgi.ToriiProxy(application, client_ip=lambda request: request.remote_address)


torii_backend.wsgi.ToriiProxy()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
torii_backend.wsgi.ToriiProxy(application, retries=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
torii_backend.wsgi.ToriiProxy(application, timeout=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
