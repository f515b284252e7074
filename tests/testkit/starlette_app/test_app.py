import httpx
import pytest
from app import app

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"], scope="module")
def anyio_backend(request):
    return request.param


@pytest.fixture(scope="module")
async def http(anyio_backend):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as http:
        yield http


@pytest.mark.auth_as("user_ada")
async def test_me(http):
    assert (await http.get("/me")).json() == {"user_id": "user_ada"}


async def test_signed_out(http):
    assert (await http.get("/me")).status_code == 401


async def test_a_real_token(http, torii_user, torii_headers):
    assert (await http.get("/me", headers=torii_headers)).json() == {"user_id": torii_user.id}


async def test_an_outage(http, torii):
    with torii.outage("error"):
        assert (await http.get("/me", headers=torii.headers())).status_code == 503
    assert (await http.get("/me", headers=torii.headers())).status_code == 200
