"""Bodies of successes: what is more than expected is ignored, what is unusable is named."""

from __future__ import annotations

import gzip
import tracemalloc
from typing import Any

import pytest

from torii_backend import ToriiApiError
from torii_backend.client import InvalidResponse, ToriiClient

from .records import SESSION_ID, USER_ID, page, user
from .server import ApiServer, Response, as_bytes, as_json, endless

LIMIT = 16 * 1024 * 1024


def refusal(torii: ToriiClient) -> InvalidResponse:
    with pytest.raises(InvalidResponse) as caught:
        torii.users.get(USER_ID)
    assert isinstance(caught.value, ToriiApiError)
    return caught.value


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_an_empty_one(server: ApiServer, torii: ToriiClient, status: int) -> None:
    server.respond_with(Response(status))
    error = refusal(torii)
    assert (error.status, error.body) == (status, None)
    assert str(error) == f"Torii responded with {status}, but the body can't be read: it is empty."


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Sign in to the hotel's network</html>",
        b'{"id": "1"',
        b"\xff",
        b'{"id": "\xff"}',
        b"NaN",
        b'{"fresh": ' * 100_000,
        b"\xef\xbb\xbf{}",
    ],
)
def test_one_that_is_not_json(server: ApiServer, torii: ToriiClient, body: bytes) -> None:
    server.respond_with(Response(200, body))
    error = refusal(torii)
    assert str(error) == "Torii responded with 200, but the body can't be read: it is not JSON."
    assert error.body == body.decode("utf-8", "replace")


@pytest.mark.parametrize(
    "field",
    [
        "id",
        "environmentId",
        "status",
        "createdAt",
        "updatedAt",
        "publicMetadata",
        "privateMetadata",
        "unsafeMetadata",
    ],
)
def test_one_without_a_required_field(server: ApiServer, torii: ToriiClient, field: str) -> None:
    body = user()
    del body[field]
    server.respond_with(as_json(body, X_Request_Id="req-1"))
    error = refusal(torii)
    assert f"`{field}`" in str(error)
    assert (error.status, error.body, error.request_id) == (200, body, "req-1")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (user(id=7), "`$.id`"),
        (user(createdAt="yesterday"), "`$.createdAt`"),
        (user(createdAt="2026-01-02T03:04:05"), "`$.createdAt`"),
        (user(publicMetadata=None), "`$.publicMetadata`"),
        ([user()], "array"),
        ("user", "str"),
        (None, "null"),
    ],
)
def test_one_of_another_form(server: ApiServer, torii: ToriiClient, body: Any, named: str) -> None:
    server.respond_with(as_json(body))
    assert named in str(refusal(torii))


def test_one_in_a_page_is_named(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(as_json(page(user(), {"id": "2"})))
    with pytest.raises(InvalidResponse, match=r"`environmentId` - at `\$\.items\[1\]`\.$"):
        torii.users.list()
    server.respond_with(as_json({"items": []}))
    with pytest.raises(InvalidResponse, match="`hasMore`"):
        torii.users.list()


def test_one_with_more_in_it(server: ApiServer, torii: ToriiClient) -> None:
    more: dict[str, Any] = {"fresh": {"deep": [1]}, "status": "sleeping", "locale": "tlh"}
    server.respond_with(as_json(user(**more)))
    found = torii.users.get(USER_ID)
    assert (found.status, found.locale) == ("sleeping", "tlh")
    assert type(found.status) is str
    server.respond_with(as_json({**page(user(**more), user()), "total": 2}))
    assert [item.status for item in torii.users.list().items] == ["sleeping", "active"]


@pytest.mark.parametrize("missing", [{}, dict.fromkeys(["name", "locale", "emailVerifiedAt"])])
def test_one_without_an_optional_field(
    server: ApiServer, torii: ToriiClient, missing: dict[str, Any]
) -> None:
    server.respond_with(as_json(user(**missing)))
    found = torii.users.get(USER_ID)
    assert (found.name, found.locale, found.email_verified_at) == (None, None, None)


def test_one_that_nobody_reads(server: ApiServer, torii: ToriiClient) -> None:
    for body in (b"", b"OK", b"<html>", b'{"status":"REVOKED"}'):
        server.respond_with(Response(200, body))
        torii.invitations.revoke("invitation")
        torii.sessions.revoke(USER_ID, SESSION_ID)
    assert len(server.requests) == 8


class TestBroken:
    def test_one_that_is_shorter_than_it_says(self, server: ApiServer, torii: ToriiClient) -> None:
        server.respond_with(Response(raw=[as_bytes(as_json(user()))[:-1]]))
        assert str(refusal(torii)).endswith("can't be read: it is cut off.")

    def test_one_that_says_so_but_is_whole_json(
        self, server: ApiServer, torii: ToriiClient
    ) -> None:
        whole = as_json(user())
        server.respond_with(
            Response(raw=[as_bytes(whole._replace(headers=(("Content-Length", "9999"),)))])
        )
        assert str(refusal(torii)).endswith("can't be read: it is cut off.")

    def test_one_in_chunks_without_the_last(self, server: ApiServer, torii: ToriiClient) -> None:
        body = as_json(user()).body
        chunk = b"%x\r\n%s\r\n" % (len(body), body)
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        server.respond_with(Response(raw=[head, chunk]))
        assert str(refusal(torii)).endswith("can't be read: it is cut off.")
        server.respond_with(Response(raw=[head, chunk, b"0\r\n\r\n"]))
        assert torii.users.get(USER_ID).id == USER_ID

    def test_one_that_is_not_the_gzip_it_says(self, server: ApiServer, torii: ToriiClient) -> None:
        plain = as_json(user())
        server.respond_with(plain._replace(headers=(("Content-Encoding", "gzip"),)))
        refusal(torii)

    def test_one_that_is_half_of_a_gzip(self, server: ApiServer, torii: ToriiClient) -> None:
        packed = gzip.compress(as_json(user()).body)
        server.respond_with(
            Response(200, packed[: len(packed) // 2], (("Content-Encoding", "gzip"),))
        )
        refusal(torii)

    def test_one_that_is_gzip(self, server: ApiServer, torii: ToriiClient) -> None:
        packed = gzip.compress(as_json(user()).body)
        server.respond_with(Response(200, packed, (("Content-Encoding", "gzip"),)))
        assert torii.users.get(USER_ID).id == USER_ID
        assert "gzip" in server.requests[0].headers["Accept-Encoding"]


class TestLimit:
    """A body has 16 MiB at most."""

    def test_that_much_is_read(self, server: ApiServer, torii: ToriiClient) -> None:
        server.respond_with(Response(200, b'"' + b"x" * (LIMIT - 2) + b'"'))
        assert len(torii.request("GET", "/things")) == LIMIT - 2

    def test_a_byte_more_is_not(self, server: ApiServer, torii: ToriiClient) -> None:
        server.respond_with(Response(200, b'"' + b"x" * (LIMIT - 1) + b'"'))
        with pytest.raises(InvalidResponse, match="it is too large") as caught:
            torii.request("GET", "/things")
        assert len(caught.value.body) == LIMIT

    @pytest.mark.parametrize("head", [b"", b"Content-Length: 999999999999\r\n"])
    def test_one_without_end_is_left(
        self, server: ApiServer, torii: ToriiClient, head: bytes
    ) -> None:
        server.respond_with(Response(raw=endless(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")))
        assert "it is too large" in str(refusal(torii))
        server.wait_until_open(0)

    @pytest.mark.parametrize("chunked", [False, True])
    def test_a_bomb_does_not_go_off(
        self, server: ApiServer, torii: ToriiClient, chunked: bool
    ) -> None:
        """A gigabyte of blanks, in a megabyte of gzip."""
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
        if chunked:
            start = b"%sTransfer-Encoding: chunked\r\n\r\n%x\r\n" % (head, len(BOMB))
            server.respond_with(Response(raw=[start, BOMB, b"\r\n0\r\n\r\n"]))
        else:
            server.respond_with(
                Response(raw=[head + b"Content-Length: %d\r\n\r\n" % len(BOMB), BOMB])
            )
        tracemalloc.start()
        try:
            error = refusal(torii)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert "it is too large" in str(error)
        assert peak < 12 * LIMIT

    def test_a_bomb_within_a_bomb_does_not_go_off(
        self, server: ApiServer, torii: ToriiClient
    ) -> None:
        """Older versions of urllib3 bound what comes out of the outer one only."""
        packed = gzip.compress(BOMB)
        server.respond_with(Response(200, packed, (("Content-Encoding", "gzip, gzip"),)))
        assert str(refusal(torii)).endswith("can't be read: it is compressed more than once.")


BOMB = 64 * gzip.compress(b" " * LIMIT)
