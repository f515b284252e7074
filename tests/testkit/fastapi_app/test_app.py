import httpx
import pytest
from app import app
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from torii_backend.testing import auth_as

client = TestClient(app)
pytestmark = pytest.mark.auth_as("user_ada")


@pytest.fixture
async def http():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as http:
        yield http


def test_me():
    assert client.get("/me").json() == {"user_id": "user_ada"}


async def test_me_async(http):
    assert (await http.get("/me")).json() == {"user_id": "user_ada"}


@pytest.mark.auth_as(role="admin")
async def test_invoices(http):
    assert (await http.get("/invoices")).json() == {"organization": "org_test"}
    with auth_as(role="member"):
        assert (await http.get("/invoices")).status_code == 403


@settings(deadline=None)
@given(st.sampled_from(["user_bob", "user_eve"]))
async def test_every_user(user_id):
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://app") as http:
        assert (await http.get("/me")).json() == {"user_id": "user_ada"}
        with auth_as(user_id):
            assert (await http.get("/me")).json() == {"user_id": user_id}


def test_websocket():
    with client.websocket_connect("/greet") as websocket:
        assert websocket.receive_text() == "user_ada"


async def test_a_real_token(http, torii, torii_user, torii_headers):
    assert (await http.get("/me", headers=torii_headers)).json() == {"user_id": torii_user.id}
    torii.rotate_keys(withdraw=True)
    assert (await http.get("/me", headers=torii_headers)).status_code == 200  # from the cache
    headers = torii.headers(torii_user.id)
    assert (await http.get("/me", headers=headers)).json() == {"user_id": torii_user.id}
    assert (await http.get("/me", headers=torii_headers)).status_code == 401
