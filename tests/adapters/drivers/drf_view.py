"""A view of Django REST framework behind `ToriiAuthentication`, under WSGI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http.response import HttpResponseBase
from rest_framework.permissions import AllowAny
from rest_framework.request import Request as RestRequest
from rest_framework.views import APIView

from tests.adapters import django_project
from tests.adapters.application import METHODS
from tests.adapters.messages import Request, Response
from tests.adapters.transport import Call, call_wsgi
from torii_backend.drf import ToriiAuthentication

if TYPE_CHECKING:
    from torii_backend.options import AuthOptions


class _View(APIView):
    permission_classes = (AllowAny,)

    @property
    def default_response_headers(self) -> dict[str, str]:
        """Leave out what REST framework adds to each answer, a refusal or not: Allow and Vary."""
        return {}


def _handle(view: APIView, request: RestRequest, *_: Any) -> HttpResponseBase:
    return django_project.view(request)


for _method in METHODS:
    setattr(_View, _method.lower(), _handle)


def build(options: AuthOptions) -> Call:
    # What other guards are by default: permission classes are tested elsewhere.
    auth_options = {"required": True, **options}
    authentication = type("Authentication", (ToriiAuthentication,), {"auth_options": auth_options})
    handler = django_project.wsgi_handler(_View.as_view(authentication_classes=(authentication,)))

    def call(request: Request) -> Response:
        return call_wsgi(handler, request)

    return call
