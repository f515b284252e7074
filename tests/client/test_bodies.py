"""Bodies of successes: what is more than expected is ignored, what is unusable is named."""

from __future__ import annotations

import asyncio
import gzip
import json
import tracemalloc
import zlib
from itertools import chain, repeat
from typing import Any

import pytest

from torii_backend import ToriiApiError
from torii_backend.client import AsyncToriiClient, InvalidResponse, ToriiClient

from .conftest import KEY
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


@pytest.mark.parametrize("odd", [{"id": "2"}, user(createdAt="soon"), None, 7, [], "user"])
def test_one_odd_record_leaves_the_page_readable(
    server: ApiServer, torii: ToriiClient, caplog: pytest.LogCaptureFixture, odd: Any
) -> None:
    server.respond_with(as_json(page(user("1"), odd, user("3"), more=True, cursor="c")))
    found = torii.users.list()
    assert [one.id for one in found.items] == ["1", "3"]
    assert (found.has_more, found.next_cursor, found.unreadable) == (True, "c", (odd,))
    assert found == torii.with_raw_response.users.list().value
    [record, _] = caplog.records
    assert (record.levelname, record.getMessage()) == (
        "WARNING",
        "POST /users/search -> 1 of 3 records can't be decoded; they are in page.unreadable.",
    )


@pytest.mark.parametrize("number", ["1e999", "9" * 5000])
def test_a_number_that_is_out_of_range_is_odd(
    server: ApiServer, torii: ToriiClient, number: str
) -> None:
    body = json.dumps(page(user("1"), {"id": "NUMBER"})).replace('"NUMBER"', number)
    server.respond_with(Response(200, body.encode()))
    found = torii.users.list()
    assert [one.id for one in found.items] == ["1"]
    assert len(found.unreadable) == 1


@pytest.mark.parametrize("text", [rb"\ud800", rb"\x", b"\xff"])
def test_a_page_that_is_not_json_is_an_invalid_response(
    server: ApiServer, torii: ToriiClient, text: bytes
) -> None:
    body = json.dumps(page({"foo": 1}, {"id": "TEXT"})).encode().replace(b"TEXT", text)
    server.respond_with(Response(200, body))
    with pytest.raises(InvalidResponse):
        torii.users.list()


def test_odd_records_do_not_end_a_loop(server: ApiServer, torii: ToriiClient) -> None:
    pages = [page(user("1"), 7, more=True, cursor="c"), page({"id": "2"}, user("3"))]
    server.respond_with(*map(as_json, pages))
    users = torii.users.iterate()
    assert [one.id for one in users] == ["1", "3"]
    assert users.unreadable == (7, {"id": "2"})

    async def main() -> None:
        async with AsyncToriiClient(KEY, api_url=server.url) as client:
            walk = client.users.iterate()
            assert [one.id async for one in walk] == ["1", "3"]
            assert walk.unreadable == (7, {"id": "2"})

    server.respond_with(*map(as_json, pages))
    asyncio.run(main())


def test_what_is_not_a_page_is_named(server: ApiServer, torii: ToriiClient) -> None:
    for body, named in (
        ({"items": []}, "`hasMore`"),
        ({"items": 7, "hasMore": False}, "items"),
        (page({"id": "1"}, {"id": "2"}), r"`environmentId` - at `\$\.items\[0\]`\.$"),
    ):
        server.respond_with(as_json(body))
        with pytest.raises(InvalidResponse, match=named):
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


def packed(encoding: str, body: bytes) -> bytes:
    if encoding == "identity":
        return body
    bits = {"deflate": zlib.MAX_WBITS, "bare deflate": -zlib.MAX_WBITS}
    way = zlib.compressobj(wbits=bits.get(encoding, 16 + zlib.MAX_WBITS))
    return way.compress(body) + way.flush()


def encoded(encoding: str, body: bytes) -> Response:
    return Response(200, body, (("Content-Encoding", encoding.rpartition(" ")[2]),))


class TestCompressed:
    """We ask for gzip and deflate, and decompress them ourselves."""

    @pytest.mark.parametrize(
        "encoding", ["gzip", "x-gzip", "GZIP", "deflate", "bare deflate", "identity"]
    )
    @pytest.mark.parametrize("size", [1, 2, 3, 70_000])
    def test_one_is_read(
        self, server: ApiServer, torii: ToriiClient, encoding: str, size: int
    ) -> None:
        """However it is cut into pieces."""
        body = packed(encoding, as_json(user(name="".join(map(chr, range(256, 9000))))).body)
        pieces = [body[at : at + size] for at in range(0, min(len(body), 40 * size), size)]
        pieces.append(body[sum(map(len, pieces)) :])
        chunks = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece]
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding.rpartition(' ')[2]}\r\n"
        head += "Transfer-Encoding: chunked\r\n\r\n"
        server.respond_with(Response(raw=[head.encode(), *chunks, b"0\r\n\r\n"]))
        assert len(torii.users.get(USER_ID).name or "") == 9000 - 256
        assert server.requests[0].headers["Accept-Encoding"] == "gzip, deflate"

    def test_gzip_may_have_members_and_padding(self, server: ApiServer, torii: ToriiClient) -> None:
        body = as_json(user()).body
        members = gzip.compress(body[:10]) + gzip.compress(b"") + gzip.compress(body[10:])
        for end in (b"", b"\0", b"\0" * 512):
            server.respond_with(encoded("gzip", members + end))
            assert torii.users.get(USER_ID).id == USER_ID

    @pytest.mark.parametrize("encoding", ["gzip", "deflate", "bare deflate"])
    def test_one_that_is_not_whole(
        self, server: ApiServer, torii: ToriiClient, encoding: str
    ) -> None:
        whole = packed(encoding, as_json(user()).body)
        for size in (1, 2, len(whole) // 2, len(whole) - 1):
            server.respond_with(encoded(encoding, whole[:size]))
            assert str(refusal(torii)).endswith("can't be read: it is cut off.")
        server.respond_with(encoded(encoding, b""))
        assert str(refusal(torii)).endswith("can't be read: it is empty.")

    @pytest.mark.parametrize("encoding", ["gzip", "deflate"])
    def test_one_that_is_not_what_it_says(
        self, server: ApiServer, torii: ToriiClient, encoding: str
    ) -> None:
        server.respond_with(encoded(encoding, b"\x1f" + as_json(user()).body))
        assert str(refusal(torii)).endswith("can't be read: it is damaged.")

    @pytest.mark.parametrize(
        "encoding",
        ["br", "zstd", "compress", "gzip, gzip", "gzip,br", "identity, gzip", "aes128gcm", "x"],
    )
    def test_others_are_not_decompressed(
        self, server: ApiServer, torii: ToriiClient, encoding: str
    ) -> None:
        """Older versions of urllib3, brotli and zstandard don't limit what comes out."""
        server.respond_with(Response(200, BOMB, (("Content-Encoding", encoding),)))
        error = refusal(torii)
        assert str(error).endswith("can't be read: it is in an encoding that was not asked for.")
        assert error.body is None

    @pytest.mark.parametrize(
        ("wanted", "sent"),
        [
            ("gzip, deflate, br, zstd", "gzip, deflate"),
            ("gzip", "gzip, deflate"),
            ("identity", "identity"),
            ("br", "identity"),
            (None, "identity"),
        ],
    )
    def test_a_session_cannot_ask_for_others(
        self, server: ApiServer, session: Any, wanted: Any, sent: str
    ) -> None:
        session.headers["Accept-Encoding"] = wanted
        with ToriiClient(KEY, api_url=server.url, session=session) as torii:
            torii.request("GET", "/things")
        assert server.requests[0].headers.get_all("Accept-Encoding") == [sent]


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
    @pytest.mark.parametrize("encoding", ["gzip", "deflate"])
    def test_a_bomb_does_not_go_off(
        self, server: ApiServer, torii: ToriiClient, chunked: bool, encoding: str
    ) -> None:
        """A gigabyte of blanks, in a megabyte."""
        bomb = BOMB if encoding == "gzip" else zlib.compress(b" " * 2 * LIMIT)
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\n" % encoding.encode()
        if chunked:
            start = b"%sTransfer-Encoding: chunked\r\n\r\n%x\r\n" % (head, len(bomb))
            server.respond_with(Response(raw=[start, bomb, b"\r\n0\r\n\r\n"]))
        else:
            length = b"Content-Length: %d\r\n\r\n" % len(bomb)
            server.respond_with(Response(raw=[head + length, bomb]))
        tracemalloc.start()
        try:
            error = refusal(torii)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert "it is too large" in str(error)
        assert peak < 3.5 * LIMIT

    def test_a_body_of_countless_members_is_not_read(
        self, server: ApiServer, torii: ToriiClient
    ) -> None:
        """Each costs time, even if it is empty."""
        members = gzip.compress(b"") * 1000
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
        server.respond_with(Response(raw=chain([head], repeat(members))))
        assert "it is damaged" in str(refusal(torii))


BOMB = 64 * gzip.compress(b" " * LIMIT)
