"""Guarding WSGI applications."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask

from torii_backend import Verifier
from torii_backend.wsgi import AuthMiddleware


def me(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [environ["torii.auth"].user_id.encode()]


guarded: WSGIApplication = AuthMiddleware(me)
twice: WSGIApplication = AuthMiddleware(guarded, issuer="https://acme.torii.so", exempt={"/health"})
AuthMiddleware(me, verifier=Verifier(), on_error=lambda _: None)

flask_app = Flask(__name__)
flask_app.wsgi_app = AuthMiddleware(flask_app.wsgi_app)  # type: ignore[method-assign]

AuthMiddleware()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
AuthMiddleware(me, isuer="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
AuthMiddleware(me, issuer=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
AuthMiddleware("app")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def serving(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    return AuthMiddleware(me)(environ, start_response)
