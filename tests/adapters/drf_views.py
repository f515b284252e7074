"""What the tests of Django REST framework share: views, and how to ask them."""

from __future__ import annotations

from typing import Any, Optional

from django.http import JsonResponse
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request as RestRequest
from rest_framework.views import APIView

from torii_backend import current_auth
from torii_backend.drf import ToriiAuthentication

from .django_project import wsgi_handler
from .messages import Request, Response
from .transport import call_wsgi

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
        return None if user is None else (Stranger(user), "a token of another kind")


class Stranger:
    is_authenticated = True

    def __init__(self, name: str) -> None:
        self.name = name


def answer_to(request: Request, view: type[APIView] = Me, **attributes: Any) -> Response:
    handler = wsgi_handler(view.as_view(**attributes), MIDDLEWARE=[])
    return call_wsgi(handler, request)


def permitting(*permissions: Any) -> dict[str, Any]:
    return {"permission_classes": permissions}
