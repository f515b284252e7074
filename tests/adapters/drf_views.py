"""Views that the tests of Django REST framework share."""

from __future__ import annotations

from typing import Any, Optional

from django.http import JsonResponse
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request as RestRequest
from rest_framework.views import APIView

from torii_backend import current_auth
from torii_backend.drf import ToriiAuthentication

from .django_project import ask
from .messages import Request, Response

ADMIN: dict[str, Any] = {"org_id": "org_1", "org_role": "admin"}
REALM = 'Bearer realm="torii"'


class Me(APIView):
    authentication_classes = (ToriiAuthentication,)
    permission_classes: Any = (IsAuthenticated,)

    def get(self, request: RestRequest) -> JsonResponse:
        auth = current_auth()
        assert auth is request.auth
        return JsonResponse({"user_id": None if auth is None else auth.user_id})


class ObjectView(Me):
    def get(self, request: RestRequest) -> JsonResponse:
        self.check_object_permissions(request, "an object")
        return super().get(request)


class ByCookie(BaseAuthentication):
    def authenticate(self, request: RestRequest) -> Optional[tuple[Any, Any]]:
        user = request.COOKIES.get("user")
        return None if user is None else (OtherUser(user), "a token of another kind")


class OtherUser:
    is_authenticated = True

    def __init__(self, name: str) -> None:
        self.name = name


def ask_rest(request: Request, view: type[APIView] = Me, **attributes: Any) -> Response:
    return ask(view.as_view(**attributes), request)


def permitting(*permissions: Any) -> dict[str, Any]:
    return {"permission_classes": permissions}
