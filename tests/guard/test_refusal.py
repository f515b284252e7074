"""A refusal becomes one exact HTTP answer, and nothing in a message can break out of it."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

import pytest
from hypothesis import example, given

from tests.support.fuzzing import any_text, fuzz
from torii_backend import (
    ConfigurationError,
    InvalidRequest,
    InvalidToken,
    KeysUnavailable,
    MissingCredentials,
    PermissionDenied,
    RevocationsUnavailable,
    ToriiAuthError,
)
from torii_backend._guard.refusal import (
    RefusalResponse,
    refusal_response,
    require_refusal_response,
    with_auth,
)
from torii_backend.errors import SENTENCES, PermissionDeniedReason
from torii_backend.testing import make_auth

JSON = ("Content-Type", "application/json")


def body(code: str, message: str, reason: str = "") -> bytes:
    more = f',"reason":"{reason}"' if reason else ""
    return f'{{"error":{{"code":"{code}","message":"{message}"{more}}}}}'.encode()


def authenticate(parameters: str = "") -> tuple[str, str]:
    return ("WWW-Authenticate", 'Bearer realm="torii"' + parameters)


def test_no_credentials() -> None:
    assert refusal_response(MissingCredentials()) == RefusalResponse(
        401,
        (JSON, authenticate()),
        body("authentication_failed", "The request has no bearer token."),
    )


@pytest.mark.parametrize("reason", SENTENCES)
def test_a_bad_token(reason: str) -> None:
    sentence = SENTENCES[reason]
    expected = RefusalResponse(
        401,
        (JSON, authenticate(f', error="invalid_token", error_description="{sentence}"')),
        body("authentication_failed", sentence, reason),
    )
    assert refusal_response(InvalidToken(reason)) == expected  # type: ignore[arg-type]
    # The claim at fault is for the application's log, not for the client.
    assert refusal_response(InvalidToken(reason, "sub")) == expected  # type: ignore[arg-type]


def test_malformed_credentials() -> None:
    sentence = "The bearer credentials are malformed."
    assert refusal_response(InvalidRequest()) == RefusalResponse(
        400,
        (JSON, authenticate(f', error="invalid_request", error_description="{sentence}"')),
        body("invalid_request", sentence),
    )


def test_no_permission() -> None:
    sentence = "The signed-in user isn't allowed to do this."
    assert refusal_response(PermissionDenied()) == RefusalResponse(
        403,
        (JSON, authenticate(f', error="insufficient_scope", error_description="{sentence}"')),
        body("permission_denied", sentence),
    )


@pytest.mark.parametrize("reason", get_args(PermissionDeniedReason))
def test_the_reason_of_a_policy_is_sent(reason: PermissionDeniedReason) -> None:
    sent = refusal_response(PermissionDenied("Admins only.", reason))
    assert sent.body == (
        b'{"error":{"code":"permission_denied","message":"Admins only.","reason":"%s"}}'
        % reason.encode()
    )
    assert sent.headers == refusal_response(PermissionDenied("Admins only.")).headers


@pytest.mark.parametrize(
    ("outage", "code", "subject"),
    [
        (KeysUnavailable(7), "keys_unavailable", "The issuer's signing keys are"),
        (
            RevocationsUnavailable(7),
            "revocations_unavailable",
            "The list of revoked access tokens is",
        ),
    ],
)
def test_an_outage(outage: ToriiAuthError, code: str, subject: str) -> None:
    assert refusal_response(outage) == RefusalResponse(
        503, (JSON, ("Retry-After", "7")), body(code, f"{subject} temporarily unavailable.")
    )


def test_a_refusal_of_an_applications_own() -> None:
    class TooManyRequests(ToriiAuthError):
        status = 429

    answer = refusal_response(TooManyRequests("Later."))
    assert answer.status == 429
    assert answer.headers == (JSON, authenticate())
    assert answer.body == body("authentication_failed", "Later.")


def test_a_subclass_is_answered_like_its_base() -> None:
    class NotAnAdmin(PermissionDenied):
        pass

    assert refusal_response(NotAnAdmin("No.")) == refusal_response(PermissionDenied("No."))


@pytest.mark.parametrize(
    ("message", "quoted"),
    [
        ('say "no"', "say ?no?"),
        ("back\\slash", "back?slash"),
        ("a\r\nSet-Cookie: x=1", "a??Set-Cookie: x=1"),
        ("tab\there", "tab?here"),
        ("null\0", "null?"),
        ("æøå", "???"),
        ("\u2028", "?"),
        ("\x7f\x80", "??"),
        ("", ""),
    ],
)
def test_a_message_cannot_break_out_of_the_header(message: str, quoted: str) -> None:
    for refusal, error in (
        (PermissionDenied(message), "insufficient_scope"),
        (InvalidRequest(message), "invalid_request"),
    ):
        answer = refusal_response(refusal)
        assert answer.headers[1] == authenticate(f', error="{error}", error_description="{quoted}"')
        assert json.loads(answer.body)["error"]["message"] == message


@fuzz
@given(any_text)
@example("\ud800")
@example("\U0010ffff\0")
def test_any_message_gives_a_sound_answer(message: str) -> None:
    for refusal in (PermissionDenied(message), InvalidRequest(message), ToriiAuthError(message)):
        answer = refusal_response(refusal)
        assert list(json.loads(answer.body)) == ["error"]
        for name, value in answer.headers:
            assert re.fullmatch("[A-Za-z-]+", name)
            assert re.fullmatch("[ -~]*", value)
        assert answer.headers[1][1].count('"') in (2, 6)


@pytest.mark.parametrize(
    "response",
    [
        refusal_response(MissingCredentials()),
        RefusalResponse.redirect("/login"),
        RefusalResponse.json(401, {}),
    ],
)
def test_a_response_cannot_be_changed(response: RefusalResponse) -> None:
    with pytest.raises(AttributeError):
        response.status = 200  # type: ignore[misc]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_says_where_to(status: int) -> None:
    url = "https://acme.example/login?next=%2Fme&x=a'b#top"
    response = RefusalResponse.redirect(url, status)
    assert response.status == status
    assert dict(response.headers)["Location"] == url
    assert response.body == b""
    assert require_refusal_response(response) is response
    assert RefusalResponse.redirect("/login").status == 302


@pytest.mark.parametrize(
    "url",
    [
        "",
        " /login",
        "/log in",
        "/login\r\nSet-Cookie: a=b",
        "/login\n",
        "/\0",
        "/\x7f",
        "/löschen",
        b"/login",
        None,
        7,
        ["/login"],
    ],
)
def test_a_redirect_needs_a_url_that_a_header_can_carry(url: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^url must be printable ASCII .*\.$"):
        RefusalResponse.redirect(url)


@pytest.mark.parametrize("status", [200, 300, 304, 401, "302", None, [302]])
def test_a_redirect_needs_a_status_that_redirects(status: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^status must be 301, .*\.$"):
        RefusalResponse.redirect("/login", status)


def test_a_json_response() -> None:
    assert RefusalResponse.json(402, {"pay": ["é", 1, None]}) == RefusalResponse(
        402, (JSON,), '{"pay":["é",1,null]}'.encode()
    )
    more = (("X-Note", "a"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))
    assert RefusalResponse.json(401, None, more).headers == (JSON, *more)
    assert RefusalResponse.json(401, None, iter(more)).headers == (JSON, *more)
    assert RefusalResponse.json(401, None, {"X-Note": "a"}).headers == (JSON, ("X-Note", "a"))
    assert RefusalResponse.json(401, None, {}).headers == (JSON,)
    problem = ("content-type", "application/problem+json")
    assert RefusalResponse.json(401, {}, [problem]).headers == (problem,)


DEEP: list[Any] = []
for _ in range(100_000):
    DEEP = [DEEP]


@pytest.mark.parametrize("document", [object(), {1: object()}, {(1,): 2}, "\ud800", DEEP, print])
def test_a_document_that_json_cannot_represent(document: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^document must be made of JSON types, .*\.$"):
        RefusalResponse.json(401, document)


@pytest.mark.parametrize("status", [199, 600, "401", None, 401.0, True])
def test_a_json_response_needs_a_status_that_can_be_sent(status: Any) -> None:
    with pytest.raises(ConfigurationError, match="must have a status from 200 to 599"):
        RefusalResponse.json(status, {})


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Note": "a\r\nSet-Cookie: b=1"},
        {"X Note": "a"},
        {"X-Note": "\u20ac"},
        {"X-Note": 7},
        {7: "a"},
        [("X-Note",)],
        [["X-Note", "a"]],
        "ab",
        7,
    ],
)
def test_a_json_response_needs_headers_that_can_be_sent(headers: Any) -> None:
    with pytest.raises(ConfigurationError, match="must have headers that are pairs"):
        RefusalResponse.json(401, {}, headers)


class _NotYours(PermissionDenied):
    """Of an application, with arguments of its own."""

    def __init__(self, owner: str) -> None:
        super().__init__(f"Ask {owner}.")
        self.owner = owner


def test_a_refusal_that_is_raised_again_keeps_no_auth() -> None:
    """An application may raise one object for all its users."""
    shared = _NotYours("Bob")
    ada, eve = make_auth("user_ada"), make_auth("user_eve")
    first, second = with_auth(shared, ada), with_auth(shared, eve)
    assert isinstance(first, _NotYours) and isinstance(second, _NotYours)
    assert (first.auth, second.auth, shared.auth) == (ada, eve, None)
    assert (str(first), first.owner, first.reason) == ("Ask Bob.", "Bob", "permission_denied")


def test_only_a_refusal_of_a_user_knows_the_auth() -> None:
    missing = MissingCredentials()
    assert with_auth(missing, make_auth("user_ada")) is missing
