import pytest


@pytest.mark.auth_as("user_ada")
def test_me(client):
    assert client.get("/me").json() == {"user_id": "user_ada"}


@pytest.mark.auth_as("user_ada", role="admin")
def test_invoices(client):
    assert client.get("/invoices").json() == {"organization": "org_test"}


@pytest.mark.asyncio
@pytest.mark.auth_as("user_ada", role="admin")
async def test_invoices_async(async_client):
    response = await async_client.get("/invoices")
    assert response.json() == {"organization": "org_test"}


def test_signed_out(client):
    assert client.get("/me").status_code == 401


def test_a_real_token(client, torii_user, torii_headers):
    assert client.get("/me", headers=torii_headers).json() == {"user_id": torii_user.id}
