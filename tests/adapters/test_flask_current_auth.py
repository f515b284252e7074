"""`current_auth()` in Flask works wherever `request` works, and knows that request's user."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextvars import copy_context
from functools import partial
from threading import Thread
from typing import Any, Callable
from unittest.mock import Mock

import pytest
from flask import Flask, Response, copy_current_request_context, g, request, stream_with_context
from flask.testing import FlaskClient

from torii_backend import ConfigurationError, current_auth
from torii_backend.asgi import AuthMiddleware as AsgiMiddleware
from torii_backend.flask import Torii, require_auth
from torii_backend.wsgi import AuthMiddleware

from .flask_views import bearer_headers
from .issuers import Issuers
from .messages import Request, bearer
from .transport import call_asgi, call_wsgi


def _who() -> str:
    try:
        auth = current_auth()
    except ConfigurationError:
        return "unbound"
    return "nobody" if auth is None else auth.user_id


def _app(issuers: Issuers, view: Callable[[], Any] = _who) -> Flask:
    """Give an application with a guarded and an open view."""
    app = Flask(__name__)
    app.config.update({"TORII_ISSUER": issuers.home.issuer, "PROPAGATE_EXCEPTIONS": True})
    app.add_url_rule("/me", "me", require_auth(view))
    app.add_url_rule("/inner", "inner", require_auth(_who))
    app.add_url_rule("/open", "open", _who)
    return app


def _plain(environ: Any, start_response: Any) -> list[bytes]:
    """A WSGI application that is not Flask's."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [_who().encode()]


async def _plain_asgi(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": _who().encode()})


def _assert_leaves_nobody(app: Flask, issuers: Issuers, answer: str) -> None:
    client = app.test_client()
    for _ in range(2):
        assert client.get("/me", headers=bearer_headers(issuers)).text == answer
        assert _who() == "unbound"
        assert client.get("/open").text == "unbound"


def _in_thread(job: Callable[[], Any]) -> None:
    thread = Thread(target=job)
    thread.start()
    thread.join()


@pytest.mark.parametrize("inherits", [False, True])
def test_a_copy_of_the_request_knows_its_user_and_takes_nothing_away(
    issuers: Issuers, inherits: bool
) -> None:
    def view() -> str:
        seen: list[str] = []
        job = copy_current_request_context(lambda: seen.append(_who()))
        _in_thread(partial(copy_context().run, job) if inherits else job)
        return f"{seen[0]} {_who()}"

    _assert_leaves_nobody(_app(issuers, view), issuers, "ada ada")


def test_a_guard_in_an_async_function_leaves_nobody(issuers: Issuers) -> None:
    """It works in a separate context, whose values Flask takes over."""
    app = _app(issuers)
    guarded = require_auth(_who)

    async def wrapped() -> str:
        return str(guarded())

    app.add_url_rule("/wrapped", view_func=wrapped)
    client = app.test_client()
    assert client.get("/wrapped", headers=bearer_headers(issuers)).text == "ada"
    assert _who() == "unbound"


def test_two_guards_of_one_request_leave_nobody(issuers: Issuers) -> None:
    other = require_auth(issuer=issuers.other.issuer, header="x-other")
    app = _app(issuers, other(_who))
    headers = {
        **bearer_headers(issuers),
        "X-Other": f"Bearer {issuers.other.issue_token(user_id='grace').access_token}",
    }
    client = app.test_client()
    assert client.get("/me", headers=headers).text == "grace"
    assert client.get("/open").text == _who() == "unbound"


def _same_environ() -> Any:
    inner = Flask("inner")
    inner.config.update(request.environ["test.config"])
    inner.add_url_rule("/me", view_func=require_auth(_who))
    return Response.from_app(inner, request.environ).get_data(as_text=True)


def _copied_environ() -> Any:
    app: Any = request.environ["test.app"]
    with app.request_context(dict(request.environ, PATH_INFO="/inner")):
        return app.full_dispatch_request().get_data(as_text=True)


@pytest.mark.parametrize("again", [_same_environ, _copied_environ])
def test_a_view_may_handle_its_environ_again(issuers: Issuers, again: Callable[[], Any]) -> None:
    app = _app(issuers, lambda: f"{_who()} {again()} {again()} {_who()}")
    passed = {"test.app": app, "test.config": {"TORII_ISSUER": issuers.home.issuer}}
    client = app.test_client()
    headers = bearer_headers(issuers)
    answer = client.get("/me", headers=headers, environ_overrides=passed)
    assert answer.text == "ada ada ada ada"
    assert client.get("/open").text == _who() == "unbound"


def test_a_stream_is_its_own_requests_after_its_environ_was_handled_again(
    issuers: Issuers,
) -> None:
    inner = Flask("inner")
    guard = require_auth(issuer=issuers.other.issuer, header="x-other")
    inner.add_url_rule("/me", view_func=guard(_who))

    def view() -> Response:
        # Unlike from_app(), this passes on the environ itself and not a copy.
        first = b"".join(inner(request.environ, Mock())).decode()
        names = (f"{each} {_who()} " for each in (first, "then"))
        return Response(stream_with_context(names))

    headers = {
        **bearer_headers(issuers),
        "X-Other": f"Bearer {issuers.other.issue_token(user_id='grace').access_token}",
    }
    client = _app(issuers, view).test_client()
    assert client.get("/me", headers=headers).text == "grace ada then ada "


def test_an_open_request_made_from_a_guarded_one_keeps_its_auth(issuers: Issuers) -> None:
    inner = Flask("inner")
    inner.add_url_rule("/me", view_func=_who)
    app = _app(
        issuers,
        lambda: f"{Response.from_app(inner, request.environ).get_data(as_text=True)} {_who()}",
    )
    _assert_leaves_nobody(app, issuers, "ada ada")


def test_a_request_that_a_guarded_one_sends_begins_as_nobodys(issuers: Issuers) -> None:
    grace = bearer_headers(issuers, user_id="grace")

    def view() -> str:
        client = app.test_client()
        inner = client.get("/inner", headers=grace).text
        return f"{client.get('/open').text} {inner} {_who()}"

    app = _app(issuers, view)
    _assert_leaves_nobody(app, issuers, "unbound grace ada")


def test_a_middleware_around_an_open_application_counts(issuers: Issuers) -> None:
    guarded = AuthMiddleware(_app(issuers), issuer=issuers.home.issuer)
    assert call_wsgi(guarded, bearer(issuers.token(), "/open")).body == b"ada"

    def view() -> Any:
        environ = dict(request.environ, PATH_INFO="/open")
        environ["HTTP_AUTHORIZATION"] = f"Bearer {issuers.token('grace')}"
        return f"{Response.from_app(guarded, environ).get_data(as_text=True)} {_who()}"

    _assert_leaves_nobody(_app(issuers, view), issuers, "grace ada")


@pytest.mark.parametrize("hook", ["teardown_request", "teardown_appcontext"])
def test_a_teardown_that_fails_leaves_nobody_in_the_next_request(
    issuers: Issuers, hook: str
) -> None:
    """Nothing tells us of the end of such a request, so nothing may depend on it."""
    app = _app(issuers)
    failing = True

    def fail(error: object) -> None:
        if failing:
            raise ArithmeticError

    getattr(app, hook)(fail)
    unguarded = Flask("unguarded")
    unguarded.add_url_rule("/open", view_func=_who)

    def leave() -> list[str]:
        nonlocal failing
        failing = True
        with pytest.raises(ArithmeticError):
            call_wsgi(app, bearer(issuers.token()))
        failing = False
        open_apps = (app, unguarded, _plain)
        served = [call_wsgi(each, Request("/open")).body.decode() for each in open_apps]
        grace = bearer(issuers.token("grace"), "/open")
        for each in (unguarded, _plain):
            around = AuthMiddleware(each, issuer=issuers.home.issuer)
            served.append(call_wsgi(around, grace).body.decode())
        return served

    expected = ["unbound", "unbound", "unbound", "grace", "grace"]
    # What is left stays in these contexts.
    assert copy_context().run(leave) == expected


@pytest.mark.parametrize("with_context", [True, False])
def test_a_stream_that_is_closed_early_leaves_nobody(issuers: Issuers, with_context: bool) -> None:
    closed: list[str] = []

    def body() -> Iterator[str]:
        try:
            yield _who()
            yield "never read"
        finally:
            closed.append(_who())

    app = _app(issuers, lambda: Response(stream_with_context(body()) if with_context else body()))
    client = app.test_client()
    answer = client.get("/me", headers=bearer_headers(issuers), buffered=False)
    user = "ada" if with_context else "unbound"
    assert next(answer.iter_encoded()) == user.encode()
    answer.close()
    assert closed == [user]
    assert client.get("/open").text == _who() == "unbound"


def test_a_context_that_a_client_preserves_ends_with_it(issuers: Issuers) -> None:
    app = _app(issuers)
    with app.app_context():
        with app.test_client() as client:
            assert client.get("/me", headers=bearer_headers(issuers)).text == "ada"
            assert (g.auth.user_id, _who()) == ("ada", "ada")
            assert client.get("/open").text == "unbound"
        assert _who() == "unbound"


def test_an_exempt_path_of_a_guarded_application_leaves_nobody(issuers: Issuers) -> None:
    app = _app(issuers)
    Torii(app, exempt=["/open"])
    client: FlaskClient = app.test_client()
    for _ in range(2):
        assert client.get("/me", headers=bearer_headers(issuers)).text == "ada"
        assert client.get("/open").text == "nobody"
        assert _who() == "unbound"


def test_g_is_given_back_to_the_request_whose_view_sends_another(issuers: Issuers) -> None:
    """Both share `g` before Flask 3.2, as they belong to one application."""
    torn_down: list[str] = []
    grace = bearer_headers(issuers, user_id="grace")

    def view() -> str:
        client = app.test_client()
        names = [client.get("/inner", headers=grace).text, g.auth.user_id]
        names += [str(client.get("/inner").status_code), g.auth.user_id]
        names += [client.get("/inner", headers=grace).text, g.auth.user_id]
        return " ".join(names)

    app = _app(issuers, view)
    app.teardown_request(lambda _: torn_down.append(g.auth.user_id))
    client = app.test_client()
    answer = client.get("/me", headers=bearer_headers(issuers))
    assert answer.text == "grace ada 401 ada grace ada"
    assert torn_down == ["grace", "ada", "grace", "ada"]


def _by_client(app: Flask, headers: dict[str, str]) -> object:
    return app.test_client().get("/inner", headers=headers).text


def _by_preserving_client(app: Flask, headers: dict[str, str]) -> object:
    with app.test_client() as client:
        return client.get("/inner", headers=headers).text


def _by_test_context(app: Flask, headers: dict[str, str]) -> object:
    with app.test_request_context("/inner", headers=headers):
        return app.full_dispatch_request().get_data(as_text=True)


def _by_pushing(app: Flask, headers: dict[str, str]) -> object:
    context = app.test_request_context("/inner", headers=headers)
    context.push()
    try:
        return app.ensure_sync(app.dispatch_request)()
    finally:
        context.pop()


def _by_stream(app: Flask, headers: dict[str, str]) -> object:
    return app.test_client().get("/stream", headers=headers, buffered=False).text


@pytest.mark.parametrize(
    "send", [_by_client, _by_preserving_client, _by_test_context, _by_pushing, _by_stream]
)
@pytest.mark.parametrize("is_guarded", [True, False])
@pytest.mark.parametrize("fails", [True, False])
def test_g_is_given_back_however_the_other_request_ends(
    issuers: Issuers, send: Callable[..., object], is_guarded: bool, fails: bool
) -> None:
    def fail(_: object) -> None:
        if fails and request.path != "/outer":
            raise ArithmeticError

    def outer() -> str:
        try:
            seen = send(app, bearer_headers(issuers, user_id="grace"))
        except ArithmeticError:
            seen = "failed"
        user = g.auth.user_id if "auth" in g else "nobody"
        return f"{seen} {user} {_who()}"

    app = _app(issuers)
    app.teardown_request(fail)
    app.add_url_rule("/outer", "outer", require_auth(outer) if is_guarded else outer)
    stream = require_auth(lambda: Response(stream_with_context(iter([_who()]))))
    app.add_url_rule("/stream", "stream", stream)
    seen = "failed" if fails else "grace"
    rest = "ada ada" if is_guarded else "nobody unbound"
    response = app.test_client().get("/outer", headers=bearer_headers(issuers))
    assert response.text == f"{seen} {rest}"


def test_a_copy_of_a_nested_request_does_not_give_g_back(issuers: Issuers) -> None:
    grace = bearer_headers(issuers, user_id="grace")

    def inner() -> str:
        _in_thread(copy_current_request_context(lambda: None))
        return str(g.auth.user_id)

    def view() -> str:
        return f"{app.test_client().get('/copied', headers=grace).text} {g.auth.user_id}"

    app = _app(issuers, view)
    app.add_url_rule("/copied", "copied", require_auth(inner))
    assert app.test_client().get("/me", headers=bearer_headers(issuers)).text == "grace ada"


def test_a_guard_of_another_framework_within_a_view_counts_there(issuers: Issuers) -> None:
    grace = bearer(issuers.token("grace"))
    inner = AuthMiddleware(_plain, issuer=issuers.home.issuer)
    inner_asgi = AsgiMiddleware(_plain_asgi, issuer=issuers.home.issuer)

    def view() -> str:
        names = [call_wsgi(inner, grace).body.decode(), _who()]
        names += [asyncio.run(call_asgi(inner_asgi, grace)).body.decode(), _who()]
        # The same user, so the same Auth, is still another request.
        return " ".join([*names, call_wsgi(inner, bearer(issuers.token())).body.decode()])

    _assert_leaves_nobody(_app(issuers, view), issuers, "grace ada grace ada ada")


@pytest.mark.parametrize("streams", [False, True])
def test_the_guard_of_a_view_counts_within_that_of_a_middleware(
    issuers: Issuers, streams: bool
) -> None:
    def view() -> Any:
        seen: list[str] = []
        _in_thread(copy_current_request_context(lambda: seen.append(_who())))
        names = (f"{name}{_who()} " for name in (*seen, ""))
        return Response(stream_with_context(names)) if streams else "".join(names)

    app = Flask(__name__)
    app.add_url_rule("/me", "me", require_auth(issuer=issuers.home.issuer, header="x-inner")(view))
    app.add_url_rule("/open", "open", lambda **_: view())
    around = AuthMiddleware(app, issuer=issuers.home.issuer)
    outer = bearer(issuers.token())
    inner = ("X-Inner", f"Bearer {issuers.token('grace')}")
    both = outer._replace(headers=(*outer.headers, inner))
    assert call_wsgi(around, both).body == b"gracegrace grace "
    assert call_wsgi(around, both._replace(target="/open")).body == b"adaada ada "
    assert _who() == "unbound"
