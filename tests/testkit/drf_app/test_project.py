import pytest
from rest_framework.test import APIClient, APIRequestFactory, force_authenticate
from views import Me

from torii_backend.drf import ToriiUser
from torii_backend.testing import make_auth


@pytest.fixture
def api():
    return APIClient()


@pytest.mark.auth_as("user_ada")
def test_me(api):
    assert api.get("/me").data == {"user_id": "user_ada"}
    assert api.get("/invoices").status_code == 403


@pytest.mark.auth_as("user_ada", role="admin")
def test_invoices(api):
    assert api.get("/invoices").data == {"organization": "org_test"}


def test_signed_out(api):
    assert api.get("/me").status_code == 401


def test_a_real_token(api, torii_user, torii_token):
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {torii_token}")
    assert api.get("/me").data == {"user_id": torii_user.id}


def test_the_view_alone():
    request, ada = APIRequestFactory().get("/me"), make_auth("user_ada")
    force_authenticate(request, user=ToriiUser(ada), token=ada)
    assert Me.as_view()(request).data == {"user_id": "user_ada"}
