"""A view of Django REST framework behind `ToriiAuthentication` and `RequirePolicy`, under WSGI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.http.response import HttpResponseBase
from rest_framework.permissions import AllowAny
from rest_framework.request import Request as RestRequest
from rest_framework.views import APIView

from tests.adapters import django_project
from tests.adapters.application import METHODS
from tests.adapters.messages import Request, Response
from tests.adapters.transport import Call, call_wsgi
from torii_backend._guard.policy import PolicyOptions
from torii_backend.drf import RequirePolicy, ToriiAuthentication

if TYPE_CHECKING:
    from torii_backend._guard.options import GuardOptions


_POLICY = {"policy", *PolicyOptions.__annotations__}


class _View(APIView):
    @property
    def default_response_headers(self) -> dict[str, str]:
        """Leave out Allow and Vary, which REST framework adds to every response."""
        return {}


def _handle(view: APIView, request: RestRequest, *_: Any) -> HttpResponseBase:
    return django_project.view(request)


for _method in METHODS:
    setattr(_View, _method.lower(), _handle)


def build(options: GuardOptions) -> Call:
    if options.get("exempt") or not options.get("required", True):
        # Without a token no policy can be met, so here the authentication class decides alone.
        auth_options: dict[str, Any] = {"required": True, **options}
        permission: Any = AllowAny
    else:
        asked = {name: value for name, value in options.items() if name in _POLICY}
        auth_options = {name: value for name, value in options.items() if name not in asked}
        permission = RequirePolicy(**cast("Any", asked))
    authentication = type("Authentication", (ToriiAuthentication,), {"auth_options": auth_options})
    handler = django_project.wsgi_handler(
        _View.as_view(authentication_classes=(authentication,), permission_classes=(permission,))
    )

    def call(request: Request) -> Response:
        return call_wsgi(handler, request)

    return call
