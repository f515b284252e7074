"""Errors: every status has its class, any body is survived, and the facts are attributes."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any, Callable

import pytest

from torii_backend import ToriiApiError, ToriiConnectionError, ToriiTimeout
from torii_backend.client import (
    BadRequest,
    Conflict,
    Forbidden,
    InvalidResponse,
    NotFound,
    PaymentRequired,
    RateLimited,
    ServerError,
    ToriiClient,
    Unauthorized,
)
from torii_backend.client.secret_key import SecretKey

from .conftest import KEY, Connect
from .records import USER_ID
from .server import ApiServer, Response, as_bytes, as_json, endless

CLASSES: dict[int, type[ToriiApiError]] = {
    300: ToriiApiError,
    302: ToriiApiError,
    304: ToriiApiError,
    400: BadRequest,
    401: Unauthorized,
    402: PaymentRequired,
    403: Forbidden,
    404: NotFound,
    405: ToriiApiError,
    409: Conflict,
    418: ToriiApiError,
    422: ToriiApiError,
    429: RateLimited,
    500: ServerError,
    501: ServerError,
    502: ServerError,
    503: ServerError,
    599: ServerError,
}
SOME = [400, 401, 404, 429, 503]

PROBLEM = {
    "type": "about:blank",
    "title": "Conflict",
    "status": 409,
    "detail": "The address is taken.",
    "code": "email_taken",
    "supportId": "sup-1",
    "invitationStatus": "ACCEPTED",
}


def error_of(torii: ToriiClient) -> ToriiApiError:
    with pytest.raises(ToriiApiError) as caught:
        torii.users.get(USER_ID)
    return caught.value


@pytest.mark.parametrize(("status", "kind"), CLASSES.items())
def test_every_status_has_its_class(
    server: ApiServer, torii: ToriiClient, status: int, kind: type[ToriiApiError]
) -> None:
    server.respond_with(as_json(PROBLEM, status))
    error = error_of(torii)
    assert (type(error), error.status) == (kind, status)


def test_the_facts_are_attributes(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(as_json(PROBLEM, 409, X_Request_Id="req-1", Retry_After="7"))
    error = error_of(torii)
    assert (error.status, error.code, error.support_id) == (409, "email_taken", "sup-1")
    assert (error.request_id, error.retry_after) == ("req-1", 7.0)
    assert error.body == PROBLEM
    assert str(error) == "Torii responded with 409: The address is taken."


def test_the_headers_are_there(server: ApiServer, torii: ToriiClient) -> None:
    for response in (as_json(PROBLEM, 429, X_RateLimit_Reset="7"), Response(200, b"{")):
        server.respond_with(response._replace(headers=(("X-RateLimit-Reset", "7"),)))
        headers = error_of(torii).headers
        assert headers["x-ratelimit-reset"] == headers.get("X-RateLimit-Reset") == "7"
        assert "X-Other" not in headers
    assert dict(ToriiApiError("No.", 404).headers) == {}


def test_a_repr_shows_no_data(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(as_json(PROBLEM, 409))
    assert repr(error_of(torii)) == "Conflict('Torii responded with 409: The address is taken.')"


def test_a_pause_beyond_measure_is_a_number(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(as_json({}, 400, Retry_After="9" * 400))
    pause = error_of(torii).retry_after
    assert pause is not None and 10**9 < pause < float("inf")


def test_facts_that_are_not_there_are_none(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(Response(500))
    error = error_of(torii)
    assert (error.code, error.support_id, error.body) == (None, None, None)
    assert (error.request_id, error.retry_after) == (None, None)


def test_facts_may_lie_in_the_properties(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(as_json({"properties": {"code": "quota", "supportId": "sup-2"}}, 402))
    error = error_of(torii)
    assert (error.code, error.support_id) == ("quota", "sup-2")


def test_facts_at_top_level_win(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(
        as_json({"code": "top", "properties": {"code": "low", "supportId": "s"}}, 402)
    )
    error = error_of(torii)
    assert (error.code, error.support_id) == ("top", "s")


@pytest.mark.parametrize("odd", [7, None, True, [], {}, ""])
def test_facts_of_another_type_are_none(server: ApiServer, torii: ToriiClient, odd: Any) -> None:
    server.respond_with(
        as_json({"code": odd, "supportId": odd, "detail": odd, "properties": odd}, 400)
    )
    error = error_of(torii)
    assert (type(error), error.code, error.support_id) == (BadRequest, None, None)
    assert str(error) == "Torii responded with 400."


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        ({"detail": "D.", "title": "T.", "message": "M."}, "Torii responded with 400: D."),
        ({"title": "T.", "message": "M."}, "Torii responded with 400: T."),
        ({"message": "M."}, "Torii responded with 400: M."),
        ({"detail": "", "title": " ", "message": "M."}, "Torii responded with 400: M."),
        ({"detail": None, "title": 7, "message": "M."}, "Torii responded with 400: M."),
        ({"error": "E."}, "Torii responded with 400."),
        ({}, "Torii responded with 400."),
        ([{"detail": "D."}], "Torii responded with 400."),
        ("D.", "Torii responded with 400."),
    ],
)
def test_the_message(server: ApiServer, torii: ToriiClient, problem: Any, message: str) -> None:
    server.respond_with(as_json(problem, 400))
    assert str(error_of(torii)) == message


HOSTILE = {
    "a URL": "See https://evil.example/?q=1 for more.",
    "another URL": "See javascript://evil for more.",
    "the key": f"The key {KEY} is not known.",
    "another key": "The key sk_live_987654321 is not known.",
    "a token": "The token eyJhbGciOiJub25lIn0.e30.c2ln is not known.",
    "a new line": "Fine.\r\nERROR forged line\n",
    "an escape sequence": "\x1b[31mred\x1b[0m \x9b31m \x00",
    "a line separator": "Fine.\u2028ERROR forged line\u0085forged",
    "a mark that turns the direction": "Fine.\u202egnorw\u2066.\u200f",
}


@pytest.mark.parametrize("detail", HOSTILE.values(), ids=HOSTILE)
def test_the_message_is_safe_to_log(server: ApiServer, torii: ToriiClient, detail: str) -> None:
    server.respond_with(as_json({"detail": detail}, 400))
    message = str(error_of(torii))
    assert message.startswith("Torii responded with 400: ")
    assert len(message.splitlines()) == 1
    assert message.isprintable()
    for unsafe in ("://", "evil", "sk_", "eyJ", "c2ln"):
        assert unsafe not in message


def test_the_message_is_short(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(as_json({"detail": "very " * 200_000}, 400))
    message = str(error_of(torii))
    assert len(message) < 400
    assert message.endswith("…")


BODIES: dict[str, tuple[bytes, Any]] = {
    "empty": (b"", None),
    "HTML": (b"<html><h1>Bad Gateway</h1></html>", "<html><h1>Bad Gateway</h1></html>"),
    "text": (b"upstream connect error", "upstream connect error"),
    "half of a JSON text": (b'{"detail": "The addr', '{"detail": "The addr'),
    "a JSON array": (b'["a"]', ["a"]),
    "a JSON number": (b"7", 7),
    "JSON null": (b"null", None),
    "another charset": ("{'détail'}".encode("latin-1"), "{'d�tail'}"),
    "another charset within JSON": (b'{"detail": "d\xe9"}', '{"detail": "d�"}'),
    "UTF-16": ("{}".encode("utf-16-le"), "{\0}\0"),
    "not text": (b"\x00\xff\xfe", "\0��"),
    "deeply nested JSON": (b"[" * 100_000, "[" * 100_000),
    "a deeply nested object": (b'{"detail":' * 100_000, '{"detail":' * 100_000),
    "a large number": (b'{"detail": 1e999}', '{"detail": 1e999}'),
    "a surrogate": (b'{"detail": "\\ud800"}', '{"detail": "\\ud800"}'),
}


@pytest.mark.parametrize(("body", "read"), BODIES.values(), ids=BODIES)
def test_any_body_gives_the_right_class(
    server: ApiServer, torii: ToriiClient, body: bytes, read: Any
) -> None:
    for status in SOME:
        server.respond_with(Response(status, body, (("Content-Type", "application/problem+json"),)))
        error = error_of(torii)
        assert (type(error), error.status, error.body) == (CLASSES[status], status, read)
        assert str(error).startswith(f"Torii responded with {status}")


@pytest.mark.parametrize("status", [400, 503])
def test_a_body_of_ten_megabytes_gives_the_right_class(
    server: ApiServer, torii: ToriiClient, status: int
) -> None:
    server.respond_with(
        as_json({"detail": "Much.", "code": "much", "rest": "x" * 10_000_000}, status)
    )
    error = error_of(torii)
    assert (type(error), error.code) == (CLASSES[status], "much")
    assert str(error).startswith(f"Torii responded with {status}: Much")


@pytest.mark.parametrize("status", SOME)
def test_a_body_that_breaks_off_gives_the_right_class(
    server: ApiServer, torii: ToriiClient, status: int
) -> None:
    whole = as_bytes(as_json(PROBLEM, status))
    server.respond_with(Response(raw=[whole[:-20]]))
    error = error_of(torii)
    assert (type(error), error.status) == (CLASSES[status], status)
    server.respond_with(
        Response(raw=[f"HTTP/1.1 {status} X\r\nTransfer-Encoding: chunked\r\n\r\nzz".encode()])
    )
    assert type(error_of(torii)) is CLASSES[status]


def test_a_body_without_end_gives_the_right_class(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(Response(raw=endless(b"HTTP/1.1 500 X\r\n\r\n")))
    error = error_of(torii)
    assert (type(error), len(error.body)) == (ServerError, 16 * 1024 * 1024)


class TestRefusedKey:
    """401 names the likely cause."""

    def test_a_key_of_another_form(self, server: ApiServer, connect: Connect) -> None:
        server.respond_with(as_json({"detail": "Unknown key."}, 401))
        with pytest.raises(Unauthorized) as caught:
            connect(server.url, secret_key="0123456789").users.get(USER_ID)
        assert str(caught.value) == (
            "Torii responded with 401: Unknown key; the secret key does not begin with sk_live_ or sk_test_."
        )

    def test_a_live_key_against_a_local_server(self, server: ApiServer, connect: Connect) -> None:
        server.respond_with(as_json({}, 401))
        with pytest.raises(Unauthorized) as caught:
            connect(server.url, secret_key="sk_live_0123456789").users.get(USER_ID)
        message = str(caught.value)
        assert "live key" in message and "local server" in message and message.endswith(".")

    def test_nothing_looks_wrong(self, server: ApiServer, torii: ToriiClient) -> None:
        server.respond_with(as_json({"detail": "Unknown key."}, 401))
        assert str(error_of(torii)) == "Torii responded with 401: Unknown key."

    def test_no_other_status_has_a_hint(self, server: ApiServer, connect: Connect) -> None:
        server.respond_with(as_json({"detail": "No."}, 403))
        with pytest.raises(Forbidden) as caught:
            connect(server.url, secret_key="0123456789").users.get(USER_ID)
        assert str(caught.value) == "Torii responded with 403: No."

    @pytest.mark.parametrize(
        ("key", "is_local", "cause"),
        [
            ("sk_test_1", False, "test key"),
            ("sk_live_1", True, "live key"),
            ("key_1", True, "does not begin with"),
            ("key_1", False, "does not begin with"),
            ("sk_test_1", True, None),
            ("sk_live_1", False, None),
            ("sk_1", False, None),
        ],
    )
    def test_the_likely_cause(self, key: str, is_local: bool, cause: str) -> None:
        why = SecretKey(key).why_refused(is_local=is_local)
        assert why is None if cause is None else cause in (why or "")


ERRORS = [*{id(kind): kind for kind in CLASSES.values()}.values(), InvalidResponse]


THROUGH: list[Callable[[ToriiApiError], ToriiApiError]] = [
    copy.copy,
    copy.deepcopy,
    *(lambda error, p=p: pickle.loads(pickle.dumps(error, p)) for p in range(6)),  # noqa: S301
    lambda error: type(error)(*error.args),
    # As Celery stores errors, and others do.
    lambda error: type(error)(*json.loads(json.dumps(error.args))),
]


@pytest.mark.parametrize("kind", ERRORS)
def test_a_copy_says_the_same(
    server: ApiServer, torii: ToriiClient, kind: type[ToriiApiError]
) -> None:
    status = next((status for status, found in CLASSES.items() if found is kind), 200)
    server.respond_with(as_json(PROBLEM, status, X_Request_Id="req-1", Retry_After="7"))
    error = error_of(torii)
    for through in THROUGH:
        copied = through(error)
        assert type(copied) is type(error) is kind
        assert str(copied) == str(error)
        assert vars(copied) == vars(error)
        assert (copied.status, copied.request_id, copied.retry_after) == (status, "req-1", 7.0)
        assert (copied.body, copied.headers["x-request-id"]) == (PROBLEM, "req-1")


@pytest.mark.parametrize("kind", [ToriiConnectionError, ToriiTimeout])
def test_a_copy_of_an_error_without_a_response(kind: type[Exception]) -> None:
    error = kind("It was refused.")
    for copied in (copy.deepcopy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301
        assert (type(copied), str(copied)) == (kind, "It was refused.")
    assert str(kind(*json.loads(json.dumps(error.args)))) == "It was refused."
