"""`auth_as` in the views of REST framework, through its own test client."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import JsonResponse
from django.test import override_settings
from django.urls import path
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.test import APIClient, APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from torii_backend import current_auth
from torii_backend.drf import RequirePolicy, ToriiAuthentication, ToriiUser
from torii_backend.testing import auth_as, make_auth, refused

TORII = {"ISSUER": "https://tenant.invalid"}


class Me(APIView):
    authentication_classes = (ToriiAuthentication,)
    permission_classes = (IsAuthenticated & RequirePolicy(role="admin", organization="org_test"),)

    def post(self, request: Request) -> JsonResponse:
        auth: Any = request.auth
        user: Any = request.user
        assert user.auth is auth is current_auth(auth)
        return JsonResponse({"user": user.username})


@pytest.fixture
def rest() -> Any:
    with override_settings(ROOT_URLCONF=(path("me", Me.as_view()),), TORII=TORII):
        yield APIClient(enforce_csrf_checks=True)


def test_rest_framework(rest: APIClient) -> None:
    with auth_as("ada", role="admin"):
        assert rest.post("/me").json() == {"user": "ada"}
    with auth_as("ada"):
        assert rest.post("/me").status_code == 403
    with refused("expired"):
        response = rest.post("/me")
        assert (response.status_code, response.json()["error"]["reason"]) == (401, "expired")
    assert rest.post("/me").status_code == 401


def test_a_view_that_is_called_without_a_client_leaves_nobody_behind(rest: APIClient) -> None:
    with auth_as("ada", role="admin"):
        response = Me.as_view()(APIRequestFactory().post("/me"))
        assert response.content == b'{"user": "ada"}'
    assert current_auth(None) is None


def test_the_auth_of_make_auth_can_be_forced() -> None:
    auth: Any = make_auth("ada", role="admin")
    user: Any = ToriiUser(auth)
    request = APIRequestFactory().post("/me")
    force_authenticate(request, user=user, token=auth)
    assert Me.as_view()(request).content == b'{"user": "ada"}'
