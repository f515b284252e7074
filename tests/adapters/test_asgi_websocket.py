"""Where a WebSocket may carry its token, what becomes of it, and whose pages may open one."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fuzzing import fuzz
from torii_backend import ConfigurationError, InvalidRequest, Policy, ToriiAuthError
from torii_backend.asgi import AuthMiddleware

from . import bare
from .issuers import Issuers
from .messages import Request, authorization, bearer
from .refusals import REFUSALS
from .transport import call_asgi, scope_of
from .websocket import Messages, call_websocket, greeted, websocket_scope

FORBIDDEN_ORIGIN = b'"message":"Pages from this origin can\'t open a WebSocket here."'


class Greeter:
    """Accepts each WebSocket, selects a subprotocol, says who is there, and closes."""

    def __init__(self, subprotocol: Optional[str] = None) -> None:
        self.scopes: list[Any] = []
        self._accept: dict[str, Any] = {"type": "websocket.accept"}
        if subprotocol is not None:
            self._accept["subprotocol"] = subprotocol

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        assert (await receive())["type"] == "websocket.connect"
        await send(self._accept)
        auth = scope["torii.auth"]
        await send({"type": "websocket.send", "text": auth.user_id if auth else "nobody"})
        await send({"type": "websocket.close"})


def _refused(sent: Messages, refusal: str) -> None:
    expected = REFUSALS[refusal]
    assert [message["type"] for message in sent] == [
        "websocket.http.response.start",
        "websocket.http.response.body",
    ]
    assert (sent[0]["status"], sent[1]["body"]) == (expected.status, expected.body)


def test_a_browser_offers_the_token_as_a_subprotocol(issuers: Issuers) -> None:
    app, token = Greeter(), issuers.token()
    scope = websocket_scope(Request(), "torii", f"torii.bearer.{token}")
    sent = call_websocket(AuthMiddleware(app, issuer=issuers.home.issuer), scope)
    assert greeted(sent) == ("torii", "ada")
    assert app.scopes[0]["subprotocols"] == ["torii"]
    assert dict(app.scopes[0]["headers"])[b"sec-websocket-protocol"] == b"torii"
    assert token not in repr((sent, app.scopes))


def test_an_offer_of_nothing_but_the_token_leaves_nothing_to_select(issuers: Issuers) -> None:
    app = Greeter()
    scope = websocket_scope(Request(), f"torii.bearer.{issuers.token()}")
    sent = call_websocket(AuthMiddleware(app, issuer=issuers.home.issuer), scope)
    assert greeted(sent) == (None, "ada")
    assert app.scopes[0]["subprotocols"] == []
    assert b"sec-websocket-protocol" not in dict(app.scopes[0]["headers"])


def test_an_application_selects_its_own_subprotocol(issuers: Issuers) -> None:
    app = Greeter("chat.v2")
    scope = websocket_scope(Request(), "chat.v2", "torii", f"torii.bearer.{issuers.token()}")
    sent = call_websocket(AuthMiddleware(app, issuer=issuers.home.issuer), scope)
    assert greeted(sent) == ("chat.v2", "ada")
    assert app.scopes[0]["subprotocols"] == ["chat.v2", "torii"]
    assert dict(app.scopes[0]["headers"])[b"sec-websocket-protocol"] == b"chat.v2, torii"


@pytest.mark.parametrize(("offers", "selected"), [(["torii"], "torii"), ([], None)])
def test_an_application_cannot_select_the_token(
    issuers: Issuers, offers: list[str], selected: Optional[str]
) -> None:
    offer = f"torii.bearer.{issuers.token()}"
    guarded = AuthMiddleware(Greeter(offer), issuer=issuers.home.issuer)
    sent = call_websocket(guarded, websocket_scope(Request(), *offers, offer))
    assert greeted(sent) == (selected, "ada")


@pytest.mark.parametrize(
    ("offers", "selected"), [(["torii"], "torii"), (["chat"], None), ([], None)]
)
def test_a_token_in_the_header_leaves_subprotocols_alone(
    issuers: Issuers, offers: list[str], selected: Optional[str]
) -> None:
    app = Greeter()
    scope = websocket_scope(bearer(issuers.token()), *offers)
    sent = call_websocket(AuthMiddleware(app, issuer=issuers.home.issuer), scope)
    assert greeted(sent) == (selected, "ada")
    assert app.scopes[0]["subprotocols"] == offers
    assert sorted(app.scopes[0]["headers"]) == sorted(scope["headers"])


def test_the_header_may_have_another_name(issuers: Issuers) -> None:
    guarded = AuthMiddleware(Greeter(), issuer=issuers.home.issuer, header="X-Token")
    request = Request(headers=(("X-Token", f"Bearer {issuers.token()}"),))
    assert greeted(call_websocket(guarded, websocket_scope(request))) == (None, "ada")
    offered = websocket_scope(Request(), "torii", f"torii.bearer.{issuers.token()}")
    assert greeted(call_websocket(guarded, offered)) == ("torii", "ada")


@pytest.mark.parametrize("answers", [True, False])
@pytest.mark.parametrize("offers", [[], ["torii"], ["chat", "torii.bearer"], ["TORII.BEARER.x"]])
def test_without_a_token_nobody_gets_in(issuer: str, offers: list[str], answers: bool) -> None:
    app = Greeter()
    scope = websocket_scope(Request(), *offers, answers=answers)
    sent = call_websocket(AuthMiddleware(app, issuer=issuer), scope)
    if answers:
        _refused(sent, "no_credentials")
    else:
        assert sent == [{"type": "websocket.close", "code": 1008, "reason": ""}]
    assert app.scopes == []


def test_a_bad_token_is_refused_for_its_reason(issuers: Issuers) -> None:
    guarded = AuthMiddleware(Greeter(), issuer=issuers.home.issuer)
    for token, refusal in issuers.refused().values():
        scope = websocket_scope(Request(), "torii", f"torii.bearer.{token}")
        _refused(call_websocket(guarded, scope), refusal)


@pytest.mark.parametrize("token", ["", " ", "a b", 'a"b', "ä"])
def test_a_malformed_token_is_a_bad_request(issuer: str, token: str) -> None:
    scope = websocket_scope(Request(), "torii", f"torii.bearer.{token}")
    sent = call_websocket(AuthMiddleware(Greeter(), issuer=issuer, required=False), scope)
    _refused(sent, "malformed_credentials")


@pytest.mark.parametrize("listed", [0, 1])
def test_tokens_in_two_subprotocol_headers_are_a_bad_request(issuers: Issuers, listed: int) -> None:
    # Servers make one list of the first header or of the last.
    offers = [f"torii.bearer.{issuers.token()}", f"torii.bearer.{issuers.token('eve')}"]
    headers = tuple(("Sec-WebSocket-Protocol", f"torii, {offer}") for offer in offers)
    scope = websocket_scope(Request(headers=headers))
    scope["subprotocols"] = ["torii", offers[listed]]
    app = Greeter()
    _refused(
        call_websocket(AuthMiddleware(app, issuer=issuers.home.issuer), scope),
        "several_credentials",
    )
    assert app.scopes == []


@pytest.mark.parametrize("places", ["header+offer", "offer+offer", "query+offer", "query+query"])
def test_several_credentials_are_a_bad_request(issuers: Issuers, places: str) -> None:
    token = issuers.token()
    offers = [f"torii.bearer.{token}"] * places.count("offer")
    queries = "&".join([f"access_token={token}"] * places.count("query"))
    values = [f"Bearer {token}"] * places.count("header")
    scope = websocket_scope(authorization(*values, target=f"/ws?{queries}"), "torii", *offers)
    guarded = AuthMiddleware(
        Greeter(), issuer=issuers.home.issuer, query_parameter="access_token", required=False
    )
    _refused(call_websocket(guarded, scope), "several_credentials")


def test_optional_sign_in_lets_nobody_be_there(issuers: Issuers) -> None:
    guarded = AuthMiddleware(Greeter(), issuer=issuers.home.issuer, required=False)
    assert greeted(call_websocket(guarded, websocket_scope(Request(), "torii")))[1] == "nobody"


def test_an_exempt_path_hides_the_token_all_the_same(issuers: Issuers) -> None:
    app, token = Greeter(), issuers.token()
    guarded = AuthMiddleware(app, issuer=issuers.home.issuer, exempt=["/open"])
    scope = websocket_scope(Request("/open"), "torii", f"torii.bearer.{token}")
    assert greeted(call_websocket(guarded, scope)) == ("torii", "nobody")
    assert token not in repr(app.scopes)


def test_a_policy_refuses_before_the_websocket_is_accepted(issuers: Issuers) -> None:
    app = Greeter()
    guarded = AuthMiddleware(app, issuer=issuers.home.issuer, role="admin")
    scope = websocket_scope(Request(), "torii", f"torii.bearer.{issuers.token()}")
    sent = call_websocket(guarded, scope)
    assert (sent[0]["status"], json.loads(sent[1]["body"])["error"]["reason"]) == (403, "role")
    assert app.scopes == []


def test_a_guard_inside_of_a_guard_finds_the_token_too(issuers: Issuers) -> None:
    app, token = Greeter(), issuers.token(org_id="org_1", org_role="admin")
    inner = AuthMiddleware(app, issuer=issuers.home.issuer, policy=Policy(role="admin"))
    outer = AuthMiddleware(
        inner, issuer=issuers.home.issuer, required=False, query_parameter="access_token"
    )
    offered = websocket_scope(Request(), "torii", f"torii.bearer.{token}")
    asked = websocket_scope(Request(f"/ws?access_token={token}"), "torii")
    for scope in (offered, asked):
        assert greeted(call_websocket(outer, scope)) == ("torii", "ada")
    _refused(call_websocket(outer, websocket_scope(Request())), "no_credentials")
    assert token not in repr(app.scopes)


def test_a_query_parameter_is_not_looked_at_unless_it_is_enabled(issuers: Issuers) -> None:
    scope = websocket_scope(Request(f"/ws?access_token={issuers.token()}"))
    before = scope["query_string"]
    sent = call_websocket(AuthMiddleware(Greeter(), issuer=issuers.home.issuer), scope)
    _refused(sent, "no_credentials")
    assert scope["query_string"] == before


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("access_token=TOKEN", b""),
        ("a=1&access_token=TOKEN&b=%2B+%20&&c", b"a=1&b=%2B+%20&&c"),
        ("access%5Ftoken=TOKEN&Access_Token=x", b"Access_Token=x"),
    ],
)
def test_a_query_parameter_may_carry_the_token_and_is_gone_then(
    issuers: Issuers, query: str, left: bytes
) -> None:
    app, token = Greeter(), issuers.token()
    guarded = AuthMiddleware(app, issuer=issuers.home.issuer, query_parameter="access_token")
    scope = websocket_scope(Request("/ws?" + query.replace("TOKEN", token)))
    sent = call_websocket(guarded, scope)
    assert greeted(sent) == (None, "ada")
    # The server's scope, too: servers write their access log from it.
    assert app.scopes[0]["query_string"] == scope["query_string"] == left
    assert token not in repr((sent, app.scopes, scope))


def test_a_refused_token_is_gone_from_the_query_before_the_server_is_told(
    issuers: Issuers,
) -> None:
    token = issuers.token(expires_in=-600)
    scope = websocket_scope(Request(f"/ws?access_token={token}&a=1"))
    guarded = AuthMiddleware(Greeter(), issuer=issuers.home.issuer, query_parameter="access_token")
    seen: list[bytes] = []

    async def logging_app(_: Any, receive: Any, send: Any) -> None:
        async def log_and_send(message: Any) -> None:
            seen.append(scope["query_string"])
            await send(message)

        await guarded(scope, receive, log_and_send)

    _refused(call_websocket(logging_app, scope), "expired")
    assert seen == [b"a=1", b"a=1"]


class Reader:
    """Serves HTTP, and keeps the scopes that it was called with."""

    def __init__(self) -> None:
        self.scopes: list[Any] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        await bare.asgi(scope, receive, send)


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("target", ["/me", "/events/../me", "/%65vents", "/EVENTS", "//events"])
def test_a_query_parameter_counts_on_no_other_path(
    issuers: Issuers, target: str, required: bool
) -> None:
    app = Reader()
    options: Any = {"query_parameter": "access_token", "required": required}
    guarded = AuthMiddleware(
        app, issuer=issuers.home.issuer, query_parameter_paths=["/events"], **options
    )
    request = Request(f"{target}?access_token={issuers.token()}")
    response = asyncio.run(call_asgi(guarded, request))
    assert response.status == (401 if required else 200)
    assert [scope["torii.auth"] for scope in app.scopes] == ([] if required else [None])


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("POST", 401)])
def test_a_function_may_name_paths_by_the_request(
    issuers: Issuers, method: str, status: int
) -> None:
    guarded = AuthMiddleware(
        Reader(),
        issuer=issuers.home.issuer,
        query_parameter="access_token",
        query_parameter_paths=[lambda path: path.method == "GET"],
    )
    request = Request(f"/events?access_token={issuers.token()}", method=method)
    assert asyncio.run(call_asgi(guarded, request)).status == status


@pytest.mark.parametrize("path", ["/events", "/files/a/b"])
def test_a_query_parameter_may_carry_the_token_of_a_named_path(issuers: Issuers, path: str) -> None:
    app, token = Reader(), issuers.token()
    settings: Any = {
        "query_parameter": "access_token",
        "query_parameter_paths": ["/events", "/files/*"],
    }
    inner = AuthMiddleware(app, issuer=issuers.home.issuer, **settings)
    outer = AuthMiddleware(inner, issuer=issuers.home.issuer, **settings)
    for guarded in (inner, outer):
        scope = scope_of(Request(f"{path}?a=1&access_token={token}"))

        async def served(
            _: Any, receive: Any, send: Any, app: Any = guarded, at: Any = scope
        ) -> None:
            await app(at, receive, send)

        assert asyncio.run(call_asgi(served, Request())).status == 200
        seen = app.scopes.pop()
        assert seen["torii.auth"].user_id == "ada"
        # The server's scope, too: servers write their access log from it.
        assert (seen["query_string"], scope["query_string"]) == (b"a=1", b"a=1")
        assert token not in repr((seen, scope))
    twice = bearer(token, f"{path}?access_token={token}")
    assert asyncio.run(call_asgi(inner, twice)).status == 400
    assert asyncio.run(call_asgi(inner, Request(f"{path}?access_token=x.y.z"))).status == 401


@pytest.mark.parametrize(
    ("origins", "passes"),
    [
        ([], True),
        (["https://app.example"], True),
        (["http://localhost:3000"], True),
        (["HTTPS://App.Example"], True),
        (["https://app.example.evil"], False),
        (["http://app.example"], False),
        (["https://app.example:8443"], False),
        (["null"], False),
        ([""], False),
        (["https://app.example", "https://evil.example"], False),
    ],
)
@pytest.mark.parametrize("path", ["/ws", "/open"])
def test_only_pages_of_allowed_origins_open_a_websocket(
    issuers: Issuers, origins: list[str], passes: bool, path: str
) -> None:
    app = Greeter()
    refusals: list[ToriiAuthError] = []
    guarded = AuthMiddleware(
        app,
        issuer=issuers.home.issuer,
        allowed_origins=["https://app.example", "http://LOCALHOST:3000"],
        exempt=["/open"],
        on_error=refusals.append,
    )
    headers = [("Origin", origin) for origin in origins]
    request = bearer(issuers.token(), path)
    sent = call_websocket(
        guarded, websocket_scope(request._replace(headers=(*request.headers, *headers)))
    )
    if passes:
        assert greeted(sent)[1] == ("ada" if path == "/ws" else "nobody")
        return
    assert app.scopes == []
    assert sent[0]["status"] == 403
    assert json.loads(sent[1]["body"])["error"]["code"] == "permission_denied"
    assert FORBIDDEN_ORIGIN in sent[1]["body"]
    assert [refusal.reason for refusal in refusals] == ["permission_denied"]


def test_origins_are_not_looked_at_unless_they_are_listed(issuers: Issuers) -> None:
    request = bearer(issuers.token())
    request = request._replace(headers=(*request.headers, ("Origin", "https://evil.example")))
    guarded = AuthMiddleware(Greeter(), issuer=issuers.home.issuer)
    assert greeted(call_websocket(guarded, websocket_scope(request))) == (None, "ada")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"query_parameter": ""}, "query_parameter"),
        ({"query_parameter": "a&b"}, "query_parameter"),
        ({"query_parameter": True}, "query_parameter"),
        ({"query_parameter_paths": ["/events"]}, "needs a query_parameter"),
        ({"query_parameter": "t", "query_parameter_paths": "/events"}, "a list of paths"),
        ({"allowed_origins": "https://app.example"}, "allowed_origins must be a list"),
        ({"allowed_origins": 7}, "allowed_origins must be a list"),
        ({"allowed_origins": []}, "must not be empty"),
        ({"allowed_origins": [7]}, "as browsers send them"),
        ({"allowed_origins": ["*"]}, "as browsers send them"),
        ({"allowed_origins": ["null"]}, "as browsers send them"),
        ({"allowed_origins": ["app.example"]}, "as browsers send them"),
        ({"allowed_origins": ["https://app.example/"]}, "as browsers send them"),
        ({"allowed_origins": ["https://app.example:"]}, "as browsers send them"),
        ({"allowed_origins": ["http://[::1]:"]}, "as browsers send them"),
        ({"allowed_origins": ["https://*.app.example"]}, "as browsers send them"),
        ({"allowed_origins": ["https://app.example:443"]}, "as browsers send them"),
        ({"close_on_expiry": "yes"}, "close_on_expiry must be True or False"),
        ({"close_on_expiry": None}, "close_on_expiry must be True or False"),
        ({"close_on_revocation": "yes"}, "close_on_revocation must be True or False"),
    ],
)
def test_wrong_settings_are_found_when_the_guard_is_made(
    issuer: str, options: Any, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        AuthMiddleware(Greeter(), issuer=issuer, **options)


# Hypothesis feeds the words of this file as well, so this is none of them.
SECRET = "secret" * 4
TOKEN = f"eyJhbGciOiJFUzI1NiJ9.{SECRET}.{SECRET}"
TOKEN_OFFER = f"torii.bearer.{TOKEN}"
OFFERS = st.lists(
    st.one_of(
        st.sampled_from([TOKEN_OFFER, f" {TOKEN_OFFER}", "torii", "chat", "torii.bearer.", ""]),
        st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=",")),
    ),
    max_size=5,
)


@fuzz
@given(offers=OFFERS, chosen=st.none() | st.sampled_from([TOKEN_OFFER, "chat", "torii"]))
def test_an_offered_token_never_leaves(offers: list[str], chosen: Optional[str]) -> None:
    """Neither into the application's scope, nor in any message to the server, whoever gets in."""
    for options in ({"exempt": ["/me"]}, {}):
        app = Greeter(chosen)
        guarded = AuthMiddleware(app, issuer="http://127.0.0.1:1", **options)  # type: ignore[arg-type]
        sent = call_websocket(guarded, websocket_scope(Request(), *offers))
        assert SECRET not in repr((app.scopes, sent))
        assert len(app.scopes) == len(options)
        selected = sent[0].get("subprotocol")
        assert selected in {None, chosen} or (selected == "torii" and "torii" in offers)


def test_a_refusal_of_the_token_says_nothing_of_it(issuer: str) -> None:
    refusals: list[ToriiAuthError] = []
    guarded = AuthMiddleware(Greeter(), issuer=issuer, on_error=refusals.append)
    call_websocket(guarded, websocket_scope(Request(), TOKEN_OFFER, TOKEN_OFFER))
    assert [type(refusal) for refusal in refusals] == [InvalidRequest]
    assert "secret" not in repr(refusals)
