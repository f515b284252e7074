"""The proxy in front of Flask, Django and FastAPI, by the lines of the documentation (8, 25)."""

from __future__ import annotations

import pytest

from .behaviours.response import COOKIES
from .conftest import RigOf
from .rig import Rig
from .upstream import reply

APPS = [
    ("werkzeug", "flask"),
    ("werkzeug", "django"),
    ("uvicorn", "fastapi"),
    ("uvicorn", "django"),
]
OWN_COOKIES = {
    "django": (b"sessionid", b"csrftoken"),
    "flask": (b"session_of_flask",),
    "fastapi": (),
}


@pytest.fixture(params=APPS, ids="-".join)
def app(request: pytest.FixtureRequest) -> str:
    name: str = request.param[1]
    return name


@pytest.fixture
def rig(request: pytest.FixtureRequest, app: str, rig_of: RigOf) -> Rig:
    (server,) = [
        server for server, name in APPS if name == app and f"[{server}-" in request.node.name
    ]
    return rig_of(server)


def test_a_post_passes_the_checks_of_the_app(rig: Rig, app: str) -> None:
    """CSRF, body parsers and guards would refuse it or take its body."""
    body = b'{"email":"ada@acme.test"}'
    fields = (b"Content-Type: application/json", b"Origin: https://other.example")
    response = rig.ask(b"/_torii/auth/login", *fields, method=b"POST", body=body, app=app)
    assert (response.status, response.body) == (200, b"{}")
    assert rig.upstream.only.body == body


def test_no_slash_is_appended(rig: Rig, app: str) -> None:
    """See posthog-js#814 and next.js#63948: a redirect to a slash came before the proxy."""
    for target in (b"/_torii/client", b"/_torii/client/", b"/_torii"):
        assert rig.ask(target, app=app).status == 200
    assert [each.target for each in rig.upstream.requests] == [
        b"/_torii/client",
        b"/_torii/client/",
        b"/_torii",
    ]


def test_cookies_of_torii_arrive_unchanged(rig: Rig, app: str) -> None:
    """Django's own responses lose repeats, and attributes that they don't know."""
    rig.upstream.script(reply(b"{}", *[b"Set-Cookie: " + cookie for cookie in COOKIES]))
    assert tuple(rig.ask(app=app).values(b"set-cookie")) == COOKIES


def test_cookies_of_the_framework_are_not_sent(rig: Rig, app: str) -> None:
    own = b"".join(b"%b=hunter2; " % name for name in OWN_COOKIES[app])
    rig.ask(b"/_torii/client", b"Cookie: " + own + b"__client_session=abc", app=app)
    assert rig.upstream.only.values(b"cookie") == [b"__client_session=abc"]


def test_everything_else_is_the_apps(rig: Rig, app: str) -> None:
    response = rig.ask(b"/", app=app)
    assert response.status == 200
    assert b"app GET /" in response.body
    assert rig.ask(b"/_torii/%2e%2e/", app=app).status == 404
    assert rig.upstream.accepted == 0
