"""with_raw_response and request(): the whole response, and endpoints that the client does not know."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, dataclass
from datetime import datetime, timezone
from typing import Any, Literal, Optional
from uuid import UUID

import msgspec
import pytest

from torii_backend.client import (
    ApiResponse,
    AsyncToriiClient,
    InvalidResponse,
    NotFound,
    ToriiClient,
    User,
)

from .conftest import KEY
from .records import USER_ID, user
from .server import ApiServer, Received, Response, as_json


class TestRawResponse:
    def test_it_is_the_whole_response(self, server: ApiServer, torii: ToriiClient) -> None:
        scripted = as_json(user(fresh="field"), 201, X_Request_Id="req-1", Set_Cookie="a=b")
        server.respond_with(scripted)
        response = torii.with_raw_response.users.get(USER_ID)
        assert type(response) is ApiResponse
        assert (response.status, response.body) == (201, scripted.body)
        for name in ("X-Request-Id", "x-request-id", "X-REQUEST-ID"):
            assert response.headers[name] == "req-1"
        assert isinstance(response.value, User)
        server.respond_with(scripted)
        assert torii.users.get(USER_ID) == response.value

    def test_its_repr_shows_no_data(self, server: ApiServer, torii: ToriiClient) -> None:
        server.respond_with(as_json(user(email="ada@example.com"), X_Request_Id="req-1"))
        response = torii.with_raw_response.users.get(USER_ID)
        assert repr(response) == "ApiResponse(status=200)"

    def test_it_cannot_be_changed(self, server: ApiServer, torii: ToriiClient) -> None:
        server.respond_with(as_json(user()))
        response = torii.with_raw_response.users.get(USER_ID)
        with pytest.raises(FrozenInstanceError):
            response.status = 500  # type: ignore[misc]

    def test_a_call_without_value_has_a_body(self, server: ApiServer, torii: ToriiClient) -> None:
        server.respond_with(as_json({"status": "REVOKED"}))
        response = torii.with_raw_response.invitations.revoke("invitation")
        assert (response.value, response.body) == (None, b'{"status": "REVOKED"}')

    def test_errors_are_the_same(self, server: ApiServer, torii: ToriiClient) -> None:
        server.respond_with(as_json({}, 404))
        with pytest.raises(NotFound):
            torii.with_raw_response.users.get(USER_ID)
        server.respond_with(Response(200, b"<html>"))
        with pytest.raises(InvalidResponse):
            torii.with_raw_response.users.get(USER_ID)

    def test_threads_do_not_share_it(self, server: ApiServer, torii: ToriiClient) -> None:
        def own(request: Received) -> Response:
            name = request.path.rpartition("/")[2]
            return as_json(user(name), X_Request_Id=name)

        def call(name: str) -> ApiResponse[User]:
            return torii.with_raw_response.users.get(name)

        server.respond_with(own)
        names = [f"user-{number}" for number in range(64)]
        with ThreadPoolExecutor(8) as pool:
            responses = list(pool.map(call, names))
        assert [response.value.id for response in responses] == names
        assert [response.headers["X-Request-Id"] for response in responses] == names

    def test_awaited(self, server: ApiServer) -> None:
        async def main() -> list[ApiResponse[User]]:
            async with AsyncToriiClient(KEY, api_url=server.url) as torii:
                calls = [torii.with_raw_response.users.get(f"user-{number}") for number in range(9)]
                return list(await asyncio.gather(*calls))

        server.respond_with(lambda request: as_json(user(request.path.rpartition("/")[2]), X_A="b"))
        responses = asyncio.run(main())
        assert [response.value.id for response in responses] == [f"user-{n}" for n in range(9)]
        assert {(response.status, response.headers["x-a"]) for response in responses} == {
            (200, "b")
        }


class Thing(msgspec.Struct):
    """A struct of the caller's."""

    name: str
    size: int = 0


@dataclass
class Part:
    """A dataclass of the caller's."""

    name: str
    made: Optional[datetime] = None


class TestRequest:
    @pytest.mark.parametrize(
        ("into", "body", "value"),
        [
            (Thing, b'{"name":"a","fresh":1}', Thing("a")),
            (Part, b'{"name":"a"}', Part("a")),
            (dict[str, int], b'{"a":1}', {"a": 1}),
            (list[Thing], b'[{"name":"a","size":2}]', [Thing("a", 2)]),
            (Optional[Thing], b"null", None),
            (Any, b'{"a":[1,"x",null]}', {"a": [1, "x", None]}),
            (str, b'"x"', "x"),
            (type(None), b"<html>", None),
            (type(None), b"", None),
            (User, msgspec.json.encode(user()), None),
        ],
    )
    def test_into(
        self, server: ApiServer, torii: ToriiClient, into: Any, body: bytes, value: Any
    ) -> None:
        server.respond_with(Response(200, body))
        found = torii.request("GET", "/things", into=into)
        if into is User:
            assert isinstance(found, User)
        else:
            assert found == value

    def test_without_content_there_is_none(self, server: ApiServer, torii: ToriiClient) -> None:
        server.respond_with(Response(204))
        assert torii.request("DELETE", "/things/1") is None
        with pytest.raises(InvalidResponse, match="it is empty"):
            torii.request("GET", "/things/1", into=dict)

    def test_plain_json_by_default(self, server: ApiServer, torii: ToriiClient) -> None:
        server.respond_with(Response(200, b'{"a":[1,2.5,"x",null,true]}'))
        assert torii.request("GET", "/things") == {"a": [1, 2.5, "x", None, True]}

    @pytest.mark.parametrize(
        ("into", "body"),
        [
            (dict[str, int], b'{"a":"x"}'),
            (Thing, b"{}"),
            (Part, b'{"name":"a","made":"soon"}'),
            (Literal["a", "b"], b'"c"'),
            (Any, b""),
            (Any, b"{"),
        ],
    )
    def test_what_does_not_fit_is_an_invalid_response(
        self, server: ApiServer, torii: ToriiClient, into: Any, body: bytes
    ) -> None:
        server.respond_with(Response(200, body))
        with pytest.raises(InvalidResponse):
            torii.request("GET", "/things", into=into)

    @pytest.mark.parametrize("into", [7, "Thing", [], dict[str, "Unknown"]])  # type: ignore[name-defined] # noqa: F821
    def test_a_response_type_that_is_not_a_type_is_refused_before_sending(
        self, server: ApiServer, torii: ToriiClient, into: Any
    ) -> None:
        with pytest.raises((TypeError, NameError)):
            torii.request("POST", "/things", into=into)
        assert server.connections == 0

    @pytest.mark.parametrize(
        ("body", "sent"),
        [
            ({"a": None, "b": [1]}, {"a": None, "b": [1]}),
            ([], []),
            (None, None),
            ("text", "text"),
            (Thing("a"), {"name": "a", "size": 0}),
            (
                Part("a", datetime(2026, 1, 2, tzinfo=timezone.utc)),
                {"name": "a", "made": "2026-01-02T00:00:00Z"},
            ),
            ({"id": UUID(USER_ID)}, {"id": USER_ID}),
            ({"thing": Thing("a")}, {"thing": {"name": "a", "size": 0}}),
            ({1}, [1]),
            ({"a": ()}, {"a": []}),
        ],
    )
    def test_body(self, server: ApiServer, torii: ToriiClient, body: Any, sent: Any) -> None:
        torii.request("POST", "/things", body=body)
        [request] = server.requests
        assert request.json == sent
        assert request.headers["Content-Type"] == "application/json"

    def test_no_body_by_default(self, server: ApiServer, torii: ToriiClient) -> None:
        torii.request("POST", "/things")
        assert server.requests[0].body == b""
        torii.request("POST", "/things", body=msgspec.UNSET)
        assert server.requests[1].body == b""

    @pytest.mark.parametrize(
        ("query", "sent"),
        [
            (None, ""),
            ({}, ""),
            ({"a": "b"}, "a=b"),
            ({"a": ["b", "c"], "d": ("e",)}, "a=b&a=c&d=e"),
            ({"a": []}, ""),
            ({"a": ""}, "a="),
            ({"a b": "c/d&é"}, "a+b=c%2Fd%26%C3%A9"),
        ],
    )
    def test_query(self, server: ApiServer, torii: ToriiClient, query: Any, sent: str) -> None:
        torii.request("GET", "/things", query=query)
        assert server.requests[0].query == sent

    def test_awaited(self, server: ApiServer) -> None:
        async def main() -> Thing:
            async with AsyncToriiClient(KEY, api_url=server.url) as torii:
                return await torii.request("PUT", "/things/1", body=Thing("a"), into=Thing)

        server.respond_with(as_json({"name": "b"}))
        assert asyncio.run(main()) == Thing("b")
        assert server.requests[0].method == "PUT"
