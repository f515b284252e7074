"""Django REST framework: Django's router, with the guard behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.urls import path
from rest_framework.permissions import AllowAny
from rest_framework.request import Request as RestRequest
from rest_framework.views import APIView

from tests.adapters.django_project import wsgi_handler_of
from tests.adapters.messages import Request, Response
from tests.adapters.routers import OPEN, SECRET, mounted_wsgi
from tests.adapters.transport import Call, call_wsgi
from torii_backend.drf import ToriiAuthentication

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


class _View(APIView):
    body = OPEN
    permission_classes = (AllowAny,)

    def get(self, _: RestRequest, **__: Any) -> HttpResponse:
        return HttpResponse(self.body)


def build(options: GuardOptions) -> Call:
    auth_options = {"required": True, **options}
    authentication = type("Authentication", (ToriiAuthentication,), {"auth_options": auth_options})
    classes = (authentication,)
    public = _View.as_view(authentication_classes=classes)
    handler = wsgi_handler_of(
        (
            path("me", _View.as_view(authentication_classes=classes, body=SECRET)),
            path("health", public),
            path("public/<path:rest>", public),
        )
    )

    def call(request: Request) -> Response:
        return call_wsgi(mounted_wsgi(handler), request)

    return call
