"""Errors: problem documents, malformed bodies and unknown fields."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.emulator.conftest import Response

from .api import PREFIX, Api, problem

WITH_BODIES = [
    ("POST", "/users"),
    ("POST", "/users/search"),
    ("PATCH", "/users/{user}"),
    ("PATCH", "/users/{user}/metadata"),
    ("POST", "/users/{user}/impersonation-token"),
    ("PATCH", "/organizations/{organization}/metadata"),
    ("PATCH", "/organizations/{organization}/members/{user}/metadata"),
    ("POST", "/invitations"),
    ("PATCH", "/invitations/{invitation}"),
    ("PUT", "/allowed-origins"),
]
NO_OBJECTS = [
    b"{",
    b"[]",
    b'"text"',
    b"null",
    b"1",
    b"\xff\xfe",
    b'{"a": NaN}',
    b"{}{}",
    b"[" * 100_000,
    b'{"a":' * 100_000,
]


def _path(api: Api, template: str) -> str:
    user_id, organization_id = api.user()["id"], api.organization()["id"]
    api.join(organization_id, user_id)
    invitation_id = api.invite()["id"]
    return template.format(user=user_id, organization=organization_id, invitation=invitation_id)


def _send(api: Api, method: str, path: str, body: bytes) -> Response:
    headers = {
        "Authorization": f"Bearer {api.secret_key}",
        "Content-Type": "application/json",
    }
    return api.wire.send(method, PREFIX + path, body, headers)


@pytest.mark.parametrize(
    ("status", "method", "path"),
    [
        (400, "POST", "/users/search?limit=many"),
        (403, "GET", "/users/{foreign}/sessions"),
        (404, "GET", "/users/{unknown}"),
        (404, "GET", "/organizations/{unknown}"),
        (404, "GET", "/nothing-here"),
        (405, "DELETE", "/organizations"),
    ],
)
def test_an_error_is_a_problem_document_with_a_code_and_a_support_id(
    api: Api, elsewhere: Api, status: int, method: str, path: str
) -> None:
    path = path.format(foreign=elsewhere.user()["id"], unknown=uuid4())
    api.error(status, method, path)


def test_support_ids_are_unique(api: Api) -> None:
    path = f"/users/{uuid4()}"
    assert len({api.error(404, "GET", path)["supportId"] for _ in range(10)}) == 10


def test_equal_errors_have_equal_codes(api: Api) -> None:
    codes = {api.error(404, "GET", f"/users/{uuid4()}")["code"] for _ in range(3)}
    assert len(codes) == 1
    assert codes != {api.error(404, "GET", f"/organizations/{uuid4()}")["code"], ""}


@pytest.mark.parametrize(("method", "template"), WITH_BODIES)
def test_a_body_that_is_not_a_json_object_is_rejected(api: Api, method: str, template: str) -> None:
    path = _path(api, template)
    for body in NO_OBJECTS:
        response = _send(api, method, path, body)
        assert response.status == 400, body[:12]
        problem(response)


def test_a_body_of_another_media_type_is_rejected(api: Api) -> None:
    headers = {"Authorization": f"Bearer {api.secret_key}", "Content-Type": "text/plain"}
    response = api.wire.send("POST", PREFIX + "/users", b"{}", headers)
    assert response.status == 415
    problem(response)
    assert api.found() == set()


@pytest.mark.parametrize("text", ['"\\ud800"', '{"\\ud800": 1}'])
def test_a_lone_surrogate_is_rejected_or_stored_but_never_a_500(api: Api, text: str) -> None:
    body = f'{{"name": "Ada", "publicMetadata": {{"a": {text}}}}}'.encode()
    response = _send(api, "POST", "/users", body)
    assert response.status in {201, 400}
    assert api.search()["hasMore"] is False


@pytest.mark.parametrize(
    ("method", "template", "body"),
    [
        ("POST", "/users", {"firstName": "Ada"}),
        ("POST", "/users/search", {"name": "Ada"}),
        ("PATCH", "/users/{user}", {"firstName": "Ada"}),
        ("PATCH", "/users/{user}/metadata", {"publicMetadata": {}}),
        ("PATCH", "/organizations/{organization}/metadata", {"publicMetadata": {}}),
        ("PATCH", "/invitations/{invitation}", {"publicMetadata": {}}),
        ("PUT", "/allowed-origins", {"origins": []}),
    ],
)
def test_members_that_the_rest_api_does_not_know_are_ignored(
    api: Api, method: str, template: str, body: dict[str, Any]
) -> None:
    path = _path(api, template)
    plain = api.ok(method, path, body)
    odd = api.ok(method, path, {**body, "shoeSize": 44, "$schema": None})
    assert plain.keys() == odd.keys()
    assert "shoeSize" not in odd


def test_a_body_over_the_limit_is_rejected(api: Api) -> None:
    body = b'{"firstName": "' + b"a" * (2 * 1024 * 1024) + b'"}'
    response = _send(api, "POST", "/users", body)
    assert response.status in {400, 413}
    problem(response)


def test_no_error_contains_the_key(api: Api) -> None:
    for response in (
        api.request("GET", f"/users/{uuid4()}"),
        api.request("POST", "/users", {"email": 5}),
        api.request("GET", "/nothing-here"),
    ):
        assert api.secret_key.encode() not in response.body
