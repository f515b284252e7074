import pytest
from django.test import TestCase

from torii_backend.testing import auth_as

pytestmark = pytest.mark.django_db


@pytest.mark.auth_as("user_ada")
def test_me(client):
    assert client.get("/me").json() == {"user_id": "user_ada", "username": "user_ada"}


@pytest.mark.auth_as("user_ada", role="admin")
def test_invoices(client):
    assert client.get("/invoices").json() == {"organization": "org_test"}


def test_a_real_token(client, torii_user, torii_headers):
    response = client.get("/me", headers=torii_headers)
    assert response.json()["username"] == torii_user.id


@auth_as("user_bob")
class MeTests(TestCase):
    def test_me(self):
        assert self.client.get("/me").json()["user_id"] == "user_bob"

    @pytest.mark.auth_as(role="admin")
    def test_the_decorator_is_nearer_than_the_marker(self):
        assert self.client.get("/invoices").status_code == 403

    async def test_async(self):
        response = await self.async_client.get("/me")
        assert response.json()["user_id"] == "user_bob"


@pytest.mark.auth_as("user_bob")
class MarkedTests(TestCase):
    def test_me(self):
        assert self.client.get("/me").json()["user_id"] == "user_bob"


def test_a_live_server(live_server, torii_user, torii_headers):
    import requests

    response = requests.get(f"{live_server}/me", headers=torii_headers, timeout=9)
    assert response.json()["user_id"] == torii_user.id
