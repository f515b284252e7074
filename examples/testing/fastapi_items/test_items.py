"""Tests with pytest. There is no sign-in to go through: each test says who it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from items import app, connect, get_database
from torii_backend.testing import assert_guarded, auth_as, refused


@pytest.fixture
def database(tmp_path: Path) -> sqlite3.Connection:
    return connect(str(tmp_path / "items.db"))


@pytest.fixture
def client(database: sqlite3.Connection) -> Iterator[TestClient]:
    app.dependency_overrides[get_database] = lambda: database
    yield TestClient(app)
    app.dependency_overrides.clear()


@pytest.fixture
def superuser(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("insert into user (torii_id, is_superuser) values ('user_root', 1)")
    with auth_as("user_root"):
        yield


@pytest.mark.auth_as("user_ada")
def test_a_user_is_created_with_the_first_request(client: TestClient) -> None:
    assert client.get("/users/me").json()["torii_id"] == "user_ada"


@pytest.mark.auth_as("user_ada")
def test_users_list_their_own_items(client: TestClient) -> None:
    client.post("/items/", json={"title": "mine"})
    with auth_as("user_bob"):
        client.post("/items/", json={"title": "his"})
    assert [item["title"] for item in client.get("/items/").json()] == ["mine"]


@pytest.mark.usefixtures("superuser")
def test_superusers_list_all_items_and_users(client: TestClient) -> None:
    with auth_as("user_ada"):
        client.post("/items/", json={"title": "hers"})
    assert [item["title"] for item in client.get("/items/").json()] == ["hers"]
    assert len(client.get("/users/").json()) == 2


@pytest.mark.auth_as("user_ada")
def test_others_may_not_list_users(client: TestClient) -> None:
    assert client.get("/users/").status_code == 403


def test_others_may_not_delete_an_item(client: TestClient) -> None:
    with auth_as("user_ada"):
        item = client.post("/items/", json={"title": "hers"}).json()
    with auth_as("user_bob"):
        assert client.delete(f"/items/{item['id']}").status_code == 403
        assert client.delete("/items/99").status_code == 404


def test_an_expired_token_is_refused(client: TestClient) -> None:
    with refused("expired"):
        response = client.get("/items/")
    assert (response.status_code, response.json()["detail"]["reason"]) == (401, "expired")


def test_without_a_token_nothing_but_health_responds() -> None:
    docs = dict.fromkeys(["/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"], "docs")
    assert_guarded(app, open={"/health": "load balancer", **docs})
