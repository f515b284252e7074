"""What callers pass stays one path segment, one query value, one JSON body, or is refused."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.fuzzing import examples, fuzz
from torii_backend.client import ToriiClient

from .records import USER_ID, page, user
from .server import ApiServer, as_json

ODD_IDS = [
    "a/b",
    "a/../b",
    "../../admin",
    "..%2f..%2fadmin",
    "%2e%2e",
    "%2e",
    ".%2e",
    "...",
    "a?b=c",
    "a#b",
    "a;b",
    "a b",
    " ",
    "a\\b",
    "//evil.example",
    "http://evil.example/",
    "@evil.example",
    "a%00b",
    "%",
    "%zz",
    "a+b",
    "a&b=c",
    "é",
    "😀",
    "{user_id}",
    "me",
]
REFUSED_IDS = [
    "",
    ".",
    "..",
    "a\r\nX-Injected: 1",
    "a\nb",
    "a\rb",
    "a\tb",
    "a\0b",
    "\x7f",
    "\x85",
    "\u2028",
    "\ud800",
    "a\udfffb",
]

SERVED = "/api/server/v1"

reusing = settings(
    fuzz, max_examples=examples(150), suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@reusing
@given(user_id=st.text(st.characters(exclude_categories=[]), max_size=20))
@example("..")
@example("\ud800")
@example("a/b")
def test_an_id_is_one_segment_or_refused(
    server: ApiServer, torii: ToriiClient, user_id: str
) -> None:
    server.respond_with(as_json(user()))
    before = len(server.requests)
    try:
        torii.users.get(user_id)
    except ValueError:
        assert len(server.requests) == before
        assert user_id in {"", ".", ".."} or not user_id.isprintable()
        return
    request = server.requests[-1]
    assert len(server.requests) == before + 1
    *start, segment = request.target.split("/")
    assert "/".join(start) == f"{SERVED}/users"
    assert unquote(segment, errors="strict") == user_id
    assert "?" not in segment
    assert "#" not in segment
    assert segment not in {"", ".", ".."}


@pytest.mark.parametrize("user_id", ODD_IDS)
def test_an_odd_id_arrives(server: ApiServer, torii: ToriiClient, user_id: str) -> None:
    server.respond_with(as_json(user()))
    torii.users.ban(user_id)
    [request] = server.requests
    *start, segment, end = request.target.split("/")
    assert ("/".join(start), end) == (f"{SERVED}/users", "ban")
    assert unquote(segment) == user_id
    assert request.headers["Host"] == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize("user_id", REFUSED_IDS)
def test_an_id_that_cannot_be_sent_is_refused(
    server: ApiServer, torii: ToriiClient, user_id: str
) -> None:
    for call in (
        lambda: torii.users.get(user_id),
        lambda: torii.sessions.revoke(USER_ID, user_id),
        lambda: torii.sessions.revoke(user_id, "session"),
        lambda: torii.organizations.members(user_id),
        lambda: torii.organizations.update_member_metadata("o", user_id, public_metadata={}),
        lambda: torii.invitations.revoke(user_id),
        lambda: torii.impersonation.create_token(USER_ID, actor_user_id=user_id, reason="r"),
        lambda: torii.users.list(cursor=user_id),
    ):
        with pytest.raises(ValueError, match=r"^\w+ must [^\r\n]*\.$"):
            call()
    assert server.connections == 0


@pytest.mark.parametrize("user_id", [None, 7, b"id", 1.5, ["id"], object()])
def test_an_id_of_another_type_is_refused(
    server: ApiServer, torii: ToriiClient, user_id: Any
) -> None:
    with pytest.raises(TypeError, match=r"^user_id must be a string or a UUID\.$"):
        torii.users.get(user_id)
    assert server.connections == 0


def test_an_id_may_be_a_uuid(server: ApiServer, torii: ToriiClient) -> None:
    server.respond_with(as_json(user()))
    torii.users.get(UUID(USER_ID))
    assert server.requests[0].target == f"{SERVED}/users/{USER_ID}"


@reusing
@given(cursor=st.text(min_size=1, max_size=20), name=st.text(max_size=20))
def test_a_query_value_arrives_or_is_refused(
    server: ApiServer, torii: ToriiClient, cursor: str, name: str
) -> None:
    server.respond_with(as_json(page()))
    before = len(server.requests)
    try:
        torii.organizations.list(name=name, cursor=cursor, limit=7)
    except ValueError:
        assert len(server.requests) == before
        assert cursor in {".", ".."} or not cursor.isprintable()
        return
    sent = parse_qsl(server.requests[-1].query, keep_blank_values=True, strict_parsing=True)
    assert sorted(sent) == [("cursor", cursor), ("limit", "7"), ("name", name)]


@pytest.mark.parametrize("name", ["\ud800", "a\udfff"])
def test_a_query_value_with_half_a_character_is_refused(
    server: ApiServer, torii: ToriiClient, name: str
) -> None:
    with pytest.raises(ValueError, match=r"name"):
        torii.organizations.list(name=name)
    assert server.connections == 0


class TestCustomPath:
    @pytest.mark.parametrize(
        ("path", "sent"),
        [
            ("/things", f"{SERVED}/things"),
            ("/things/1%2F2", f"{SERVED}/things/1%2F2"),
            ("/", f"{SERVED}/"),
            ("/things/a...b", f"{SERVED}/things/a...b"),
            ("/things/a:b@c", f"{SERVED}/things/a:b@c"),
            ("/api/server/v2/things", "/api/server/v2/things"),
            ("/apis", f"{SERVED}/apis"),
        ],
    )
    def test_it_is_sent(self, server: ApiServer, torii: ToriiClient, path: str, sent: str) -> None:
        assert torii.request("GET", path) == {}
        assert server.requests[0].target == sent

    @pytest.mark.parametrize(
        "path",
        [
            "",
            "things",
            "//evil.example/things",
            "///things",
            "http://evil.example/things",
            "@evil.example/",
            "/..",
            "/.",
            "/./things",
            "/../things",
            "/things/..",
            "/things/../admin",
            "/api/../admin",
            "/%2e%2e/things",
            "/%2E./things",
            "/things%2f..%2fadmin",
            "/things/%2e",
            "/things?a=b",
            "/things?",
            "/things#top",
            "/two words",
            "/things\r\nX-Injected: 1",
            "/things\n",
            "/things\t",
            "/things\0",
            "/things\\..\\admin",
            "/tørii",
            "/things/%",
            "/things/%zz",
            "/things/%2",
            "/\ud800",
        ],
    )
    def test_it_is_refused(self, server: ApiServer, torii: ToriiClient, path: str) -> None:
        with pytest.raises(ValueError, match=r"^path must "):
            torii.request("GET", path)
        assert server.connections == 0

    @pytest.mark.parametrize("path", [None, b"/things", 7, ["/things"]])
    def test_it_must_be_a_string(self, torii: ToriiClient, path: Any) -> None:
        with pytest.raises(TypeError, match=r"^path must be a string, such as /users\.$"):
            torii.request("GET", path)

    @reusing
    @given(path=st.text("/.%2eE\\?#ab5cF ", max_size=12))
    def test_it_never_leaves_its_place(
        self, server: ApiServer, torii: ToriiClient, path: str
    ) -> None:
        before = len(server.requests)
        try:
            torii.request("GET", f"/{path}")
        except ValueError:
            assert len(server.requests) == before
            return
        target = server.requests[-1].target
        assert target.startswith(f"{SERVED}/")
        assert not {".", ".."} & set(unquote(target).split("/"))
        assert "?" not in target

    @pytest.mark.parametrize(
        "method", ["", "get", "HEAD", "CONNECT", "TRACE", "GET ", "GET /evil HTTP/1.1\r\nX: ", None]
    )
    def test_the_method_is_one_of_five(
        self, server: ApiServer, torii: ToriiClient, method: Any
    ) -> None:
        with pytest.raises(ValueError, match=r"^method must be one of GET, POST"):
            torii.request(method, "/things")
        assert server.connections == 0
