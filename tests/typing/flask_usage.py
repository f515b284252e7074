"""Guarding Flask views."""

from __future__ import annotations

from typing import Callable, Optional

from flask import Blueprint, Flask, jsonify
from flask.typing import ResponseReturnValue
from flask.views import MethodView
from typing_extensions import assert_type

from torii_backend import Auth
from torii_backend.flask import Torii, current_auth, require_auth

app = Flask(__name__)
Torii(app)
torii = Torii(issuer="https://acme.torii.so", exempt=["/health"])
torii.init_app(app)
Torii(app, isuer="https://acme.torii.so")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
Torii("https://acme.torii.so")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@app.get("/me")
@require_auth
def me() -> ResponseReturnValue:
    assert_type(current_auth(), Optional[Auth])
    return jsonify(ok=True)


@require_auth
def page(number: int) -> str:
    return str(number)


@require_auth(issuer="https://acme.torii.so", required=False)
def maybe(name: str) -> dict[str, str]:
    return {"name": name}


@require_auth()
async def asynchronous(name: str) -> str:
    return name


assert_type(page(1), str)
assert_type(maybe(name="ada"), dict[str, str])
page("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
maybe()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
kept: Callable[[int], str] = page


async def awaiting() -> None:
    assert_type(await asynchronous("ada"), str)


class Invoices(MethodView):
    decorators = [require_auth, require_auth(role="admin")]

    @require_auth(email_verified=True)
    def get(self, number: int) -> str:
        return str(number)


assert_type(Invoices().get(1), str)
blueprint = Blueprint("shop", __name__)
blueprint.before_request(torii.guard())
blueprint.before_request(torii.guard(role={"admin", "owner"}))
app.before_request(Torii().guard(claims={"plan": "pro"}))
torii.guard(rol="admin")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
require_auth(isuer="x")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
require_auth("https://acme.torii.so")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
