import pytest
from app import app
from hypothesis import given, settings
from hypothesis import strategies as st

from torii_backend.testing import auth_as, refused


@pytest.fixture
def client():
    return app.test_client()


@pytest.mark.auth_as("user_ada")
def test_me(client):
    assert client.get("/me").json == {"user_id": "user_ada"}


@pytest.mark.auth_as(role="admin", organization="org_1")
class TestInvoices:
    def test_admins_see_them(self, client):
        assert client.get("/invoices").json == {"organization": "org_1"}

    @pytest.mark.auth_as(role="member")
    def test_members_do_not(self, client):
        assert client.get("/invoices").status_code == 403


@settings(max_examples=20, deadline=None)
@given(st.text("abc", min_size=1))
def test_every_user(user_id):
    client = app.test_client()
    with auth_as(user_id):
        assert client.get("/me").json == {"user_id": user_id}
    with refused("expired"):
        assert client.get("/me").status_code == 401


def test_a_real_token(client, torii_user, torii_headers):
    assert client.get("/me", headers=torii_headers).json == {"user_id": torii_user.id}


def test_a_role(client, torii):
    headers = torii.headers("user_ada", role="admin")
    assert client.get("/invoices", headers=headers).json == {"organization": "org_test"}
