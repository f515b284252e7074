"""What ASGI asks of a middleware, beyond the contract."""

from __future__ import annotations

import asyncio
from typing import Any, Optional

import pytest

from torii_backend import ConfigurationError, current_auth
from torii_backend.asgi import AuthMiddleware

from .issuers import Issuers
from .messages import Request, authorization, bearer
from .refusals import REFUSALS
from .transport import scope_of

Messages = list[dict[str, Any]]


class Recorder:
    """An ASGI application that notes its scopes and answers each in the shortest way."""

    def __init__(self) -> None:
        self.scopes: list[Any] = []
        self.users: list[Optional[str]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        if scope["type"] in ("http", "websocket"):
            auth = current_auth()
            self.users.append(None if auth is None else auth.user_id)
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body"})
        elif scope["type"] == "websocket":
            assert (await receive())["type"] == "websocket.connect"
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": self.users[-1]})
            await send({"type": "websocket.close"})


def _exchange(app: Any, scope: dict[str, Any], *incoming: str) -> Messages:
    """Run an application over one scope; give what it sent."""
    waiting = [{"type": kind} for kind in incoming]
    sent: Messages = []

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent


def _websocket(app: Any, request: Request, **scope: Any) -> Messages:
    return _exchange(app, {**scope_of(request, "websocket"), **scope}, "websocket.connect")


def test_lifespan_passes_through_untouched(issuer: str) -> None:
    recorder = Recorder()
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}}
    assert _exchange(AuthMiddleware(recorder, issuer=issuer), scope) == []
    assert recorder.scopes == [scope]


@pytest.mark.parametrize("kind", ["something.new", "webtransport", "channel", "HTTP", "", None])
@pytest.mark.parametrize("options", [{}, {"required": False}, {"exempt": ["/*"]}])
def test_scopes_that_cannot_be_guarded_do_not_reach_the_application(
    issuer: str, kind: Any, options: Any
) -> None:
    recorder = Recorder()
    guarded = AuthMiddleware(recorder, issuer=issuer, **options)
    with pytest.raises(ConfigurationError, match="http, websocket or lifespan"):
        _exchange(guarded, {**scope_of(Request()), "type": kind})
    assert recorder.scopes == []


def test_a_websocket_with_a_good_token_is_accepted(issuers: Issuers) -> None:
    app = Recorder()
    guarded = AuthMiddleware(app, issuer=issuers.home.issuer)
    sent = _websocket(guarded, bearer(issuers.token()))
    assert [message["type"] for message in sent] == [
        "websocket.accept",
        "websocket.send",
        "websocket.close",
    ]
    assert sent[1]["text"] == "ada"
    scope = app.scopes[0]
    assert scope["torii.auth"] is scope["state"]["auth"]
    assert scope["torii.auth"].user_id == "ada"


def test_a_websocket_may_pass_without_credentials(issuer: str) -> None:
    app = Recorder()
    assert _websocket(AuthMiddleware(app, issuer=issuer, required=False), Request())
    assert _websocket(AuthMiddleware(app, issuer=issuer, exempt=["/ws"]), Request("/ws"))
    assert app.users == [None, None]


@pytest.mark.parametrize("extensions", [{}, None, {"other": {}}])
def test_a_websocket_is_refused_before_it_is_accepted(issuer: str, extensions: Any) -> None:
    app = Recorder()
    guarded = AuthMiddleware(app, issuer=issuer)
    sent = _websocket(guarded, Request(), extensions=extensions)
    assert sent == [{"type": "websocket.close", "code": 1008, "reason": ""}]
    assert app.scopes == []


@pytest.mark.parametrize(
    ("request_", "refusal"),
    [(Request(), "no_credentials"), (authorization("Bearer"), "malformed_credentials")],
)
def test_a_websocket_gets_our_response_if_the_server_can_send_it(
    issuer: str, request_: Request, refusal: str
) -> None:
    app = Recorder()
    guarded = AuthMiddleware(app, issuer=issuer)
    start, body = _websocket(guarded, request_, extensions={"websocket.http.response": {}})
    expected = REFUSALS[refusal]
    assert (start["type"], start["status"]) == ("websocket.http.response.start", expected.status)
    assert dict(start["headers"]) == {
        b"content-type": b"application/json",
        b"content-length": str(len(expected.body)).encode(),
        b"www-authenticate": str(expected.www_authenticate).encode(),
    }
    # With the optional keys: some test clients read them.
    kind = "websocket.http.response.body"
    assert body == {"type": kind, "body": expected.body, "more_body": False}
    assert app.scopes == []


def test_refusals_name_their_headers_in_lower_case(issuer: str) -> None:
    start, body = _exchange(AuthMiddleware(Recorder(), issuer=issuer), scope_of(Request()))
    names = [name for name, _ in start["headers"]]
    assert names == [name.lower() for name in names]
    # Quart's test client reads this optional key.
    assert body["more_body"] is False


class Upload:
    """A client that sends a body in chunks, and from then on waits."""

    def __init__(self, chunks: int, size: int) -> None:
        self.left = chunks
        self._size = size

    async def receive(self) -> dict[str, Any]:
        if not self.left:
            await asyncio.Event().wait()
        self.left -= 1
        return {"type": "http.request", "body": bytes(self._size), "more_body": True}


@pytest.mark.parametrize(
    ("headers", "scope", "left"),
    [
        ({"Content-Length": "65536"}, {}, 0),
        ({"Transfer-Encoding": "chunked"}, {"http_version": "1.0"}, 0),
        ({"Content-Length": "9999999"}, {}, 1024 - 16),
        ({}, {}, 1024),
        ({"Content-Length": "0"}, {}, 1024),
        ({"Content-Length": "65536", "Expect": "100-continue"}, {}, 1024),
        ({"Content-Length": "65536"}, {"http_version": "2"}, 1024),
    ],
)
def test_the_body_of_a_refused_upload_is_dropped_up_to_a_limit(
    issuer: str, headers: dict[str, str], scope: dict[str, Any], left: int
) -> None:
    # Either the limit of one MiB is reached, or the client stops sending and is waited for.
    upload = Upload(1 if left == 0 else 1024, 65536)
    request = Request(method="POST", headers=tuple(headers.items()))
    sent: Messages = []

    async def send(message: Any) -> None:
        sent.append(message)

    guarded = AuthMiddleware(Recorder(), issuer=issuer)
    asyncio.run(guarded({**scope_of(request), **scope}, upload.receive, send))
    assert (sent[0]["status"], upload.left) == (401, left)


def test_a_refused_head_has_headers_and_no_body(issuer: str) -> None:
    request = Request(method="HEAD")
    start, body = _exchange(AuthMiddleware(Recorder(), issuer=issuer), scope_of(request))
    length = str(len(REFUSALS["no_credentials"].body)).encode()
    assert dict(start["headers"])[b"content-length"] == length
    assert body["body"] == b""


def test_the_state_of_the_server_is_not_written_to(issuers: Issuers) -> None:
    app = Recorder()
    guarded = AuthMiddleware(app, issuer=issuers.home.issuer)
    pool = object()
    shared = {"pool": pool}
    for user in ("ada", "grace"):
        _exchange(guarded, {**scope_of(bearer(issuers.token(user))), "state": shared})
    assert shared == {"pool": pool}
    ada, grace = (scope["state"] for scope in app.scopes)
    assert (ada["auth"].user_id, grace["auth"].user_id) == ("ada", "grace")
    assert ada["pool"] is grace["pool"] is pool


def test_the_scope_of_the_server_is_not_written_to(issuers: Issuers) -> None:
    scope = scope_of(bearer(issuers.token()))
    before = dict(scope)
    _exchange(AuthMiddleware(Recorder(), issuer=issuers.home.issuer), scope)
    assert scope == before


def test_what_the_scope_said_before_does_not_count(issuer: str) -> None:
    app = Recorder()
    scope = {**scope_of(Request()), "torii.auth": "ada", "state": {"auth": "ada"}}
    _exchange(AuthMiddleware(app, issuer=issuer, required=False), scope)
    assert app.scopes[0]["torii.auth"] is app.scopes[0]["state"]["auth"] is None


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/shop/health", 200),
        ("/shop/me", 401),
        ("/health", 200),
        ("/public/x", 200),
        ("/shop/public/shop/me", 200),
        ("/public/shop/me", 401),
        ("/public/shopping", 401),
    ],
)
def test_exempt_paths_count_from_the_mount_point(issuer: str, target: str, status: int) -> None:
    exempt = ["/health", "/public/*"]
    guarded = AuthMiddleware(Recorder(), issuer=issuer, exempt=exempt, root_path="/shop")
    scope = {**scope_of(Request(target)), "root_path": "/shop"}
    assert _exchange(guarded, scope)[0]["status"] == status


def test_a_wrong_keyword_is_a_type_error(issuer: str) -> None:
    with pytest.raises(TypeError, match="requierd"):
        AuthMiddleware(Recorder(), issuer=issuer, requierd=False)  # type: ignore[call-arg]


def test_a_missing_issuer_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="TORII_ISSUER"):
        AuthMiddleware(Recorder())
