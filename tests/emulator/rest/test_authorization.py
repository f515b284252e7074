"""The secret key: every operation asks for it, and nothing else will do."""

from __future__ import annotations

import re
from typing import Optional

import pytest

from .api import Api, problem
from .operations import OPENAPI, OPERATIONS, Operation

ANY_ID = "01970000-0000-7000-8000-000000000001"


def _unauthorized(api: Api, operation: Operation, authorization: Optional[str]) -> None:
    path = operation.path
    for name in ("userId", "sessionId", "organizationId", "memberUserId", "invitationId"):
        path = path.replace("{" + name + "}", ANY_ID)
    headers = {"Content-Type": "application/json"}
    if authorization is not None:
        headers["Authorization"] = authorization
    body = "{}" if operation.method in {"POST", "PATCH", "PUT"} else None
    response = api.wire.send(operation.method, path, body, headers)
    assert response.status == 401
    document = problem(response)
    if authorization:
        assert authorization.rpartition(" ")[2] not in document["detail"]


def test_every_operation_of_the_openapi_file_has_its_own_name() -> None:
    written = re.findall(r"^ +operationId: (\w+)$", OPENAPI.read_text("utf-8"), re.MULTILINE)
    assert sorted(operation.name for operation in OPERATIONS) == sorted(set(written))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_rejects_a_request_without_the_right_key(
    api: Api, operation: Operation
) -> None:
    for authorization in (
        None,
        "",
        "Bearer",
        "Bearer sk_test_of_somebody_else",
        "Bearer pk_test_publishable",
        "Basic dXNlcjpwYXNz",
        api.secret_key,
        f"Basic {api.secret_key}",
        f"Token {api.secret_key}",
        f"Bearer {api.secret_key}x",
        f"Bearer {api.secret_key[:-1]}",
        f"Bearer {api.secret_key.upper()}",
        "Bearer \xe9",
    ):
        _unauthorized(api, operation, authorization)


def test_an_access_token_is_not_a_secret_key(api: Api) -> None:
    token = api.sign_in(api.user()["id"])["accessToken"]
    for operation in OPERATIONS:
        _unauthorized(api, operation, f"Bearer {token}")


def test_a_request_without_the_key_changes_nothing(api: Api) -> None:
    user = api.user()
    for method, suffix in (("DELETE", ""), ("POST", "/ban")):
        response = api.wire.send(method, f"/api/server/v1/users/{user['id']}{suffix}")
        assert response.status == 401
    assert api.read(user["id"]) == user


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_read_in_any_letter_case(api: Api, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {api.secret_key}"}
    assert api.wire.send("GET", "/api/server/v1/organizations", None, headers).status == 200
